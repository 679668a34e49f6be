"""Error pages in the layout of the other pages, with a way forward."""

from http import HTTPStatus

from django.contrib import admin
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

LAYOUTS = {True: "desk/base.html", False: "admin/second_factor/base.html"}  # by being signed in
PLAIN = "away.html"
THEMED = ("/admin/", "/desk/")  # only these paths have the Content Security Policy of the theme


def forbidden(request, exception=None):
    """Return the page for users who are logged in but lack the permission."""
    return error_page(
        request,
        HTTPStatus.FORBIDDEN,
        icon="lock",
        title=_("Not allowed"),
        heading=_("You do not have access to this page"),
        text=_(
            "Your role does not include this page. "
            "Ask a supervisor who can open it, or to change your role."
        ),
    )


def not_found(request, exception=None):
    """Return the page for an address without a page."""
    return error_page(
        request,
        HTTPStatus.NOT_FOUND,
        icon="search_off",
        title=_("Page not found"),
        heading=_("There is no page at this address"),
        text=_("Check the address, or search for the customer, badge or request."),
    )


def bad_request(request, exception=None):
    """Return the page for a request that is not readable text, is too large or is incomplete."""
    return error_page(
        request,
        HTTPStatus.BAD_REQUEST,
        icon="error",
        title=_("This request cannot be read"),
        heading=_("This request cannot be read"),
        text=_(
            "Something in it is not readable text, is too large, or is incomplete. Nothing was"
            " changed. Go back, and type again what you pasted."
        ),
    )


def error_page(request, status: HTTPStatus, *, address: str = "", link: str = "", **texts):
    """Return the page of an error, with a link to an address, by default the start or the log-in.

    Users who are signed in see it with the menu. A page outside of the desk and the admin, or
    before the sign-in is known, is plain.
    """
    user = getattr(request, "user", None)
    is_signed_in = user is not None and user.is_authenticated
    if not address:
        address = reverse("desk:home" if is_signed_in else "admin:login")
        link = _("Back to the start") if is_signed_in else _("Log in")
    context = {"address": address, "link": link, **texts}
    if user is None or not request.path.startswith(THEMED):
        return render(request, "error.html", context | {"layout": PLAIN}, status=status)
    context |= {**admin.site.each_context(request), "layout": LAYOUTS[is_signed_in], **texts}
    return render(request, "error.html", context, status=status)
