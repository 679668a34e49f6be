"""Who may open a staff page, and what the others see."""

from functools import wraps

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django_htmx.http import HttpResponseClientRefresh


def staff_page(right):
    """Ask for a login and a right; the page is kept by the browser of its reader alone.

    The browser may keep it: Back then shows the same form with the same request id, which cannot
    issue twice.
    """

    def decorate(view):
        @wraps(view)
        @cache_control(private=True)
        def page(request, *args, **kwargs):
            if not request.user.is_authenticated:
                return lead(request, redirect_to_login(request.get_full_path()))
            if not request.user.has_perm(right):
                return forbidden(request)
            return view(request, *args, **kwargs)

        return page

    return decorate


def part_of_form(view):
    """Send those who come without the form, after a login for instance, to the form."""

    @wraps(view)
    def page(request, *args, **kwargs):
        if request.method != "POST":
            return redirect("desk:issue")
        return view(request, *args, **kwargs)

    return page


def show(request, template, context, **kwargs):
    """Render a page inside the admin theme."""
    return render(request, template, {**admin.site.each_context(request), **context}, **kwargs)


def forbidden(request, exception=None):
    """The page for those who are logged in and may not."""
    return show(request, "desk/forbidden.html", {"title": _("Not allowed")}, status=403)


def lead(request, elsewhere):
    """Return the redirect, or have the page loaded again: a part of one leads nowhere itself."""
    return HttpResponseClientRefresh() if request.htmx else elsewhere
