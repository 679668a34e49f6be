"""Access to the staff pages, and the page for users without the permission."""

from functools import wraps

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from badges.desk.errors import forbidden

# A page that shows a form, and accepts it.
require_form_methods = require_http_methods(["GET", "HEAD", "POST"])


def staff_page(right):
    """Require a login and a permission, and let only the user's own browser cache the page.

    The browser may cache it: the Back button then shows the same form with the same request id,
    which cannot issue twice.
    """

    def decorate(view):
        @wraps(view)
        @cache_control(private=True)
        def page(request, *args, **kwargs):
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not request.user.has_perm(right):
                return forbidden(request)
            return view(request, *args, **kwargs)

        return page

    return decorate


def part_of_form(view):
    """Redirect requests other than POST, for example after a login, to the form."""

    @wraps(view)
    def page(request, *args, **kwargs):
        if request.method != "POST":
            return redirect("desk:issue")
        return view(request, *args, **kwargs)

    return page


def show(request, template, context, **kwargs):
    """Render a page inside the admin theme."""
    return render(request, template, {**admin.site.each_context(request), **context}, **kwargs)


def keep_secret(response):
    """Mark a response that shows a secret: no cache stores it, and nothing compresses it.

    The size of a compressed page gives away parts of it (badgeadmin/compression.py).
    """
    patch_cache_control(response, no_store=True, no_transform=True)
    return response
