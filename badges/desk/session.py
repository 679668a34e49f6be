"""The state of the session, for the script that warns before its end, and the way back after it."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from badges.desk.access import require_form_methods, show


@never_cache
@require_form_methods
def state(request):
    """Return who is signed in, and the seconds until the session ends.

    A POST request is a use of the session and extends it; a GET request of a script is not. The
    CSRF token replaces that of a page from before the sign-in.
    """
    if not request.user.is_authenticated:
        return session_ended()
    return JsonResponse(
        {
            "user": str(request.user.pk),
            "name": request.user.get_username(),
            "seconds_left": request.session.seconds_left,
            "seconds_to_limit": request.session.seconds_to_limit,
            "csrf_token": get_token(request),
        }
    )


@require_safe
@login_required
def signed_in_again(request):
    """Show users who have signed in in another tab how they continue in the first one."""
    return show(request, "desk/signed_in_again.html", {"title": _("You are logged in again")})


def session_ended() -> HttpResponse:
    """Return the response to a script of a page whose session has ended; the page stays."""
    return HttpResponse(_("Your session has ended."), "text/plain", status=401)
