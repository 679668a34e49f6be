"""The rate limit of failed sign-ins, which is checked before any password is hashed."""

import math
from http import HTTPStatus

from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from badges import rate_limits
from badges.admin.known_devices import device_of
from badges.client_address import client_network


class LimitedAttemptsMixin:
    """Respond with 429 to the POST of a view after too many failed attempts of one sender.

    An attempt is counted before it is made: otherwise, a hundred concurrent attempts could all pass
    before the first one fails. The count is undone unless the view sets `has_failed`.
    """

    has_failed = False

    def username_of_attempt(self) -> str:
        """Return the username of the password or code that is about to be checked."""
        raise NotImplementedError

    def dispatch(self, request, *args, **kwargs):
        if request.method != "POST":
            return super().dispatch(request, *args, **kwargs)
        device = device_of(request, self.username_of_attempt())
        sender = device.id if device else client_network(request.META)
        if seconds := rate_limits.sign_ins.wait(sender):
            return too_many_attempts(request, math.ceil(seconds))
        try:
            return super().dispatch(request, *args, **kwargs)
        finally:
            if not self.has_failed:
                rate_limits.sign_ins.undo(sender)


def too_many_attempts(request, seconds: int) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Too many attempts"),
        "seconds": seconds,
        "address": request.get_full_path(),
    }
    response = render(
        request, "admin/too_many_attempts.html", context, status=HTTPStatus.TOO_MANY_REQUESTS
    )
    response["Retry-After"] = str(seconds)
    return response
