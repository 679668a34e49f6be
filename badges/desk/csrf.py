"""The response to a form whose CSRF token is older than the sign-in of the user."""

from http import HTTPStatus

from django.contrib import admin, messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh


def csrf_failure(request, reason=""):
    """Respond to a form that was refused for its CSRF token and changed nothing.

    Signing in changes the token of every tab. A second sign-in redirects, because the user is
    signed in already. For htmx, the response reloads the page, which brings the new token.
    """
    start = reverse("desk:home")
    if request.path == reverse("admin:login") and request.user.is_authenticated:
        return redirect(_safe(request, request.POST.get("next")) or start)
    if request.htmx:
        messages.warning(
            request, _("You have signed in again in another tab. This page was loaded again.")
        )
        answer = HttpResponseClientRefresh()
        answer.status_code = HTTPStatus.FORBIDDEN  # htmx obeys the header for any status
        return answer
    context = {
        **admin.site.each_context(request),
        "title": _("This page is out of date"),
        "address": _safe(request, request.headers.get("Referer")) or start,
    }
    return render(request, "admin/csrf_failure.html", context, status=HTTPStatus.FORBIDDEN)


def _safe(request, address: str | None) -> str | None:
    """Return the URL if it is on this host, else None."""
    is_safe = url_has_allowed_host_and_scheme(
        address, {request.get_host()}, require_https=request.is_secure()
    )
    return address if is_safe else None
