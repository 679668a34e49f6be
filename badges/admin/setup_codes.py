"""The page that shows an administrator the set-up codes that were just created."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from badges.desk.access import keep_secret
from badges.services.access.setup_codes import SetupCode


def show_setup_codes(request, codes: dict[User, SetupCode]):
    """Return the page, which neither browsers nor proxies may cache."""
    context = {
        **admin.site.each_context(request),
        "title": _("Codes for setting up a second factor"),
        "codes": codes,
    }
    response = render(request, "admin/second_factor/setup_codes.html", context)
    add_never_cache_headers(response)
    return keep_secret(response)
