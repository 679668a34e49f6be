"""Views to sign in, to sign out and to change the own password, which write through services.

The signals of `django.contrib.auth` do not record sign-ins: they are sent afterwards, outside of
the transaction of the sign-in, and also for sessions that code opens without a sign-in page.
"""

from http import HTTPStatus

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME, login, logout, update_session_auth_hash
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpResponseRedirect
from django.urls import path, reverse, reverse_lazy
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm

from badges.admin import second_factor, set_up, setup_codes
from badges.admin.known_devices import device_of, remember_device
from badges.admin.sign_in_limits import LimitedAttemptsMixin
from badges.client_address import client_address
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import Channel
from badges.services.access import people, sign_in
from badges.services.request_log import Origin


class SignInView(LimitedAttemptsMixin, LoginView):
    """Sign a member of staff in, or show the reason for the refusal."""

    template_name = "admin/login.html"
    authentication_form = AuthenticationForm

    def username_of_attempt(self):
        return self.request.POST.get("username", "")

    def form_valid(self, form):
        user = form.get_user()
        if second_factor.needs_code(user):
            return second_factor.start_pending_sign_in(self.request, user, self.get_success_url())
        with sign_in.sign_in(origin=_origin(user), address=client_address(self.request.META)):
            login(self.request, user)
            self.request.session.restart()
        response = HttpResponseRedirect(self.get_success_url())
        remember_device(response, self.request, user)
        return response

    def form_invalid(self, form):
        is_locked_out = getattr(self.request, "axes_locked_out", False)
        if is_locked_out:
            form.errors.pop(NON_FIELD_ERRORS, None)
            form.add_error(None, _("Too many attempts. Try again in 15 minutes."))
        # Without non-field errors, a field was empty and no password was checked.
        if errors := form.non_field_errors():
            self.has_failed = True
            sign_in.refuse_sign_in(
                username=form.cleaned_data["username"],
                address=client_address(self.request.META),
                message=" ".join(errors),
            )
        response = super().form_invalid(form)
        if is_locked_out:
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
        return response

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs) | admin.site.each_context(self.request)
        context[REDIRECT_FIELD_NAME] = self.get_redirect_url() or reverse("desk:home")
        return context | {
            "title": _("Log in"),
            "subtitle": None,
            "app_path": self.request.get_full_path(),
            "username": self.request.user.get_username(),
        }


class OwnPasswordView(LimitedAttemptsMixin, PasswordChangeView):
    """Change the own password; the form requires the old one."""

    form_class = AdminOwnPasswordChangeForm
    success_url = reverse_lazy("admin:password_change_done")

    def username_of_attempt(self):
        return self.request.user.get_username()

    def form_valid(self, form):
        try:
            user = people.set_password(
                origin=origin_of(self.request),
                user_id=self.request.user.pk,
                password=form.cleaned_data["new_password1"],
            )
        except BadgeError as refusal:
            form.add_error(None, refusal.message)
            return self.form_invalid(form)
        update_session_auth_hash(self.request, user)
        response = HttpResponseRedirect(self.get_success_url())
        remember_device(response, self.request, user)
        return response

    def form_invalid(self, form):
        self.has_failed = form.has_error("old_password", "password_incorrect")
        return super().form_invalid(form)

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | admin.site.each_context(self.request)


def pseudonym_of_attempt(request, credentials) -> str:
    """Return a keyed hash of the username of a sign-in attempt.

    It is the same for each attempt with one name, except on a known device of this user. Failed
    attempts under the name elsewhere thus do not lock the user out of that device.
    """
    name = (credentials or {}).get("username") or request.POST.get("username", "")
    device = device_of(request, name)
    return salted_hmac("badges.sign-in", f"{device.id}:{name}" if device else name).hexdigest()


@never_cache
def sign_in_view(request):
    """Show the sign-in page, or redirect a signed-in user to the page that was requested.

    With `again`, a signed-in user can sign in again before the session ends.
    """
    is_signed_in = admin.site.has_permission(request)
    if request.method == "GET" and is_signed_in and "again" not in request.GET:
        view = SignInView()
        view.setup(request)
        return HttpResponseRedirect(view.get_success_url())
    return SignInView.as_view()(request)


def sign_out_view(request):
    """End the session on POST, and show Django's page for signed-out users."""
    if request.method == "POST":
        with sign_in.sign_out(origin=_origin(request.user), address=client_address(request.META)):
            logout(request)
    return admin.site.logout(request)


def _origin(user):
    return Origin(channel=Channel.MEMBERCARE, user=user)


# These routes precede those of the admin that have the same URLs.
urlpatterns = [
    *second_factor.urlpatterns,
    *setup_codes.urlpatterns,
    path("", admin.site.admin_view(RedirectView.as_view(pattern_name="desk:home"))),
    path("login/", sign_in_view),
    path("logout/", admin.site.admin_view(sign_out_view)),
    path("password_change/", admin.site.admin_view(OwnPasswordView.as_view(), cacheable=True)),
    *set_up.urlpatterns,
]
