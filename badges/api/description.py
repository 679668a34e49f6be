"""Access to the API documentation: public, staff only, or off (API_DOCS)."""

from functools import wraps

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404


def described(view):
    """Restrict a page of the API documentation as API_DOCS requires."""

    @wraps(view)
    def page(request, *args, **kwargs):
        if settings.API_DOCS == "off":
            raise Http404
        if settings.API_DOCS == "staff" and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if settings.API_DOCS == "staff" and not request.user.is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return page
