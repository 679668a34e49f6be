"""Redirects for the scripts of a page, and the message about the end of a session."""

from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http.response import HttpResponseRedirectBase
from django.urls import reverse
from django.utils.translation import gettext as _

from badges.desk.session import session_ended


class RedirectMiddleware:
    """Lets htmx follow a redirect with the whole page, and a page survive the end of its session.

    The browser follows a redirect before htmx can see it, and a part of a page cannot show another
    page. For htmx, a redirect to the log-in is a response without content instead (401): the page
    keeps what its user has typed.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not isinstance(response, HttpResponseRedirectBase):
            return response
        leads_to_sign_in = urlsplit(response.url).path in (
            reverse("admin:login"),
            reverse("second-factor"),
        )
        if not request.htmx:
            if leads_to_sign_in and has_lost_session(request):
                messages.warning(request, _("Your session has ended. Log in again to continue."))
            return response
        if leads_to_sign_in:
            return session_ended()
        response.status_code = HTTPStatus.OK
        response["HX-Redirect"] = response.url
        del response["Location"]
        return response


def has_lost_session(request) -> bool:
    """Return whether the browser has the cookie of a session that has ended."""
    return bool(request.COOKIES.get(settings.SESSION_COOKIE_NAME)) and request.session.is_empty()
