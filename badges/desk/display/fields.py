"""The pages of the custom fields; a disabled one has none, it is only listed."""

from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from badges import listings
from badges.desk.access import show, staff_page
from badges.desk.display.editing import METHODS, ON_A_PAGE, edited, posted
from badges.desk.display.forms import CustomFieldForm
from badges.desk.pictures import picture_of
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import CustomField
from badges.services.groups import create_custom_field, update_custom_field


@require_safe
@staff_page("badges.view_customfield")
def index(request):
    """The active fields by name, or those that were disabled, the last one first."""
    active = request.GET.get("active") != "no"
    order = {"sort": "name", "descending": False} if active else {}
    found = listings.custom_fields(active=active, **order).annotate(badge_count=Count("values"))
    context = {
        "title": _("Custom fields") if active else _("Disabled custom fields"),
        "active": active,
        "page": Paginator(found, ON_A_PAGE).get_page(request.GET.get("page")),
    }
    return show(request, "desk/display/fields.html", context)


@require_safe
@staff_page("badges.view_customfield")
def detail(request, pk):
    """One field, and what each badge says in it."""
    field = field_or_404(pk)
    found = listings.values_of_field(field)
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": field.name,
        "field": field,
        "page": page,
        "rows": [{"value": value, "picture": picture_of(value.badge)} for value in page],
    }
    return show(request, "desk/display/field.html", context)


@require_http_methods(METHODS)
@staff_page("badges.add_customfield")
def new(request):
    """Make a field."""
    return edited(
        request,
        CustomFieldForm(posted(request)),
        create_custom_field,
        template="desk/display/field_form.html",
        page="desk:field",
        title=_("New custom field"),
        send=_("Create field"),
    )


@require_http_methods(METHODS)
@staff_page("badges.change_customfield")
def edit(request, pk):
    """Change a field, but for its type of data."""
    field = field_or_404(pk)
    return edited(
        request,
        CustomFieldForm(posted(request), instance=field),
        partial(update_custom_field, field_id=pk),
        template="desk/display/field_form.html",
        page="desk:field",
        title=_("Edit %(name)s") % {"name": field},
        send=_("Save changes"),
        field=field,
    )


@require_http_methods(METHODS)
@staff_page("badges.change_customfield")
def disable(request, pk):
    """Ask before a field is disabled, for there is no way back."""
    field = field_or_404(pk)
    if request.method == "POST":
        update_custom_field(origin=origin_of(request), field_id=pk, active=False)
        messages.success(request, _("“%(field)s” is disabled now.") % {"field": field})
        return redirect("desk:fields")
    context = {
        "title": _("Disable a custom field"),
        "field": field,
        "badge_count": field.values.count(),
    }
    return show(request, "desk/display/field_disable.html", context)


def field_or_404(pk) -> CustomField:
    try:
        return listings.custom_field(pk)
    except BadgeError:
        raise Http404 from None
