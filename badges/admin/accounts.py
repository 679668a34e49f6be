"""Signing in and out, and the own password: Django's pages, written by services.

The signals of `django.contrib.auth` would tell of sign-ins as well, but after the fact and outside
of its transaction, and of every session that code opens without anybody at a door.
"""

from http import HTTPStatus

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME, login, logout, update_session_auth_hash
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import path, reverse, reverse_lazy
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm

from badges.admin import second_factor
from badges.errors import BadgeError
from badges.forms import address_of, origin_of
from badges.models import Channel
from badges.services import access, people
from badges.services.requests import Origin


class SignInView(LoginView):
    """Let a member of staff in, or say why not."""

    template_name = "admin/login.html"
    authentication_form = AuthenticationForm

    def form_valid(self, form):
        user = form.get_user()
        if second_factor.needs_code(user):
            return second_factor.hold_back(self.request, user, self.get_success_url())
        with access.sign_in(origin=_origin(user), address=address_of(self.request)):
            login(self.request, user)
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form):
        is_locked_out = getattr(self.request, "axes_locked_out", False)
        if is_locked_out:
            form.errors.pop(NON_FIELD_ERRORS, None)
            form.add_error(None, _("Too many attempts. Try again in a quarter of an hour."))
        # Without them the form was not filled in, and nobody's password was looked at.
        if errors := form.non_field_errors():
            access.refuse_sign_in(
                username=form.cleaned_data["username"],
                address=address_of(self.request),
                message=" ".join(errors),
            )
        answer = super().form_invalid(form)
        if is_locked_out:
            answer.status_code = HTTPStatus.TOO_MANY_REQUESTS
            answer["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
        return answer

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs) | admin.site.each_context(self.request)
        context[REDIRECT_FIELD_NAME] = self.get_redirect_url() or reverse("admin:index")
        return context | {
            "title": _("Log in"),
            "subtitle": None,
            "app_path": self.request.get_full_path(),
            "username": self.request.user.get_username(),
        }


class OwnPasswordView(PasswordChangeView):
    """Change the own password, which the old one is asked for."""

    form_class = AdminOwnPasswordChangeForm
    success_url = reverse_lazy("admin:password_change_done")

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
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | admin.site.each_context(self.request)


def pseudonym_of_attempt(request, credentials) -> str:
    """Return what stands for the name of a sign-in: the same for one name, and not the name."""
    name = (credentials or {}).get("username") or request.POST.get("username", "")
    return salted_hmac("badges.sign-in", name).hexdigest()


@never_cache
def sign_in(request):
    """The page to sign in; who has, goes to the first page of the admin."""
    if request.method == "GET" and admin.site.has_permission(request):
        return redirect("admin:index")
    return SignInView.as_view()(request)


def sign_out(request):
    """End the session, and show the page of Django that says so."""
    if request.method == "POST":
        with access.sign_out(origin=_origin(request.user), address=address_of(request)):
            logout(request)
    return admin.site.logout(request)


def _origin(user):
    return Origin(channel=Channel.MEMBERCARE, user=user)


# They stand before the admin's own routes, and have the same addresses.
urlpatterns = [
    *second_factor.urlpatterns,
    path("login/", sign_in),
    path("logout/", admin.site.admin_view(sign_out)),
    path("password_change/", admin.site.admin_view(OwnPasswordView.as_view(), cacheable=True)),
]
