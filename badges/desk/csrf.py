"""The response to a form whose CSRF token is older than the sign-in of the user."""

from http import HTTPStatus

from django.http import HttpResponseForbidden
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from badges.desk.errors import error_page


def csrf_failure(request, reason=""):
    """Respond to a form that was refused for its CSRF token and changed nothing.

    Signing in changes the token of every tab. A second sign-in redirects, because the user is
    signed in already. The script of a page asks for the new token, and keeps the input.
    """
    start = reverse("desk:home")
    if request.path == reverse("admin:login") and request.user.is_authenticated:
        requested = request.POST.get("next") or request.GET.get("next")
        return redirect(_safe(request, requested) or start)
    if request.htmx:
        return HttpResponseForbidden(headers={"HX-Trigger": "desk:stale"})
    return error_page(
        request,
        HTTPStatus.FORBIDDEN,
        icon="tab",
        title=_("This page is out of date"),
        heading=_("This page is out of date"),
        text=_(
            "You have signed in or out in another tab since this page was opened, or your browser"
            " keeps no cookies. Nothing was changed. Open the page again, and repeat what you did."
        ),
        address=_safe(request, request.headers.get("Referer")) or start,
        link=_("Open the page again"),
    )


def _safe(request, address: str | None) -> str | None:
    """Return the URL if it is on this host, else None."""
    is_safe = url_has_allowed_host_and_scheme(
        address, {request.get_host()}, require_https=request.is_secure()
    )
    return address if is_safe else None
