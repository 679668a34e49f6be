"""The history of a badge as a page of the admin."""

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from badges.selectors.revisions import entries, revisions_of


def history_page(model_admin, request, object_id):
    """Return the page with the revisions of a badge, newest first."""
    badge = model_admin.get_object(request, unquote(object_id))
    if badge is None:
        return model_admin._get_obj_does_not_exist_redirect(request, model_admin.opts, object_id)
    if not model_admin.has_view_or_change_permission(request, badge):
        raise PermissionDenied
    page = revisions_of(badge, request.GET.get("p"))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("History: %(badge)s") % {"badge": badge},
        "opts": model_admin.opts,
        "original": badge,
        "page": page,
        "entries": entries(badge, list(page)),
    }
    return TemplateResponse(request, "admin/badges/badgemeta/history.html", context)
