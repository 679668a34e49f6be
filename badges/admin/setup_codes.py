"""The page that shows an administrator the set-up codes that were just created."""

from datetime import datetime

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from badges import shown_secrets
from badges.desk.access import keep_secret, require_form_methods
from badges.services.access.setup_codes import SetupCode

KIND = "setup-codes"


def redirect_to_setup_codes(request, codes: dict[User, SetupCode]):
    """Keep the codes in the session for their page, and redirect to that page."""
    texts = [[user.pk, code.text, code.ends_at.isoformat()] for user, code in codes.items()]
    shown_secrets.keep(request.session, KIND, {"codes": texts})
    return redirect("setup-codes")


@never_cache
@require_form_methods
def setup_codes(request):
    """Show the codes that this session has just created; POST confirms that they are noted."""
    if not request.user.has_perm("auth.view_user"):
        raise PermissionDenied
    created = shown_secrets.read(request.session, KIND)
    if request.method == "POST" or created is None:
        shown_secrets.forget(request.session, KIND)
        return redirect("admin:auth_user_changelist")
    users = User.objects.in_bulk([pk for pk, _text, _ends_at in created["codes"]])
    context = {
        **admin.site.each_context(request),
        "title": _("Codes for setting up a second factor"),
        "codes": {
            users[pk]: SetupCode(text, datetime.fromisoformat(ends_at))
            for pk, text, ends_at in created["codes"]
        },
    }
    return keep_secret(render(request, "admin/second_factor/setup_codes.html", context))


urlpatterns = [
    path("setup-codes/", admin.site.admin_view(setup_codes, cacheable=True), name="setup-codes"),
]
