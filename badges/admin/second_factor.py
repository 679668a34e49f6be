"""Views of the second factor: entering a code at sign-in, setting a factor up, removing it.

A user with the right password is not signed in until the code is right as well. In the meantime,
the anonymous session stores the pending user for five minutes.
"""

import time
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache

from badges import shown_secrets
from badges.admin.known_devices import remember_device
from badges.admin.sign_in_limits import LimitedAttemptsMixin
from badges.client_address import client_address
from badges.desk.access import keep_secret
from badges.errors import BadgeError
from badges.models import Channel, Person
from badges.services.access import second_factor, sign_in
from badges.services.access.credentials import active_person
from badges.services.request_log import Origin

PENDING, KEY, VERIFIED_FACTOR = "signing_in", "second_factor_key", "second_factor"
CODES = "recovery-codes"
BACKEND = settings.AUTHENTICATION_BACKENDS[-1]
CODE_TIMEOUT = 5 * 60
MAX_ATTEMPTS = 5
MAX_CODE_LENGTH = 30


class CodeForm(forms.Form):
    """A code of the app, or a recovery code if the user has any."""

    code = forms.CharField(
        label=_("Code"),
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "off",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )


class SetUpForm(CodeForm):
    """The code of the app, and the set-up code of an administrator if one is required."""

    setup_code = forms.CharField(
        label=_("Set-up code"),
        max_length=MAX_CODE_LENGTH,
        help_text=_("An administrator gives it to you. It can be used once."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )
    field_order = ["setup_code", "code"]

    def __init__(self, *args, needs_setup_code: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if not needs_setup_code:
            del self.fields["setup_code"]


def needs_code(user: Person) -> bool:
    """Return whether the right password alone does not sign this user in."""
    return second_factor.has_second_factor(user) or second_factor.is_required_of(user)


def start_pending_sign_in(request, user: Person, target: str) -> HttpResponseRedirect:
    """Store a user with the right password as pending, and redirect to the second factor."""
    request.session.cycle_key()
    request.session[PENDING] = {
        "user": user.pk,
        "session_hash": user.get_session_auth_hash(),
        "until": time.time() + CODE_TIMEOUT,
        "attempts": 0,
        "target": target,
    }
    return redirect("sign-in-code" if second_factor.has_second_factor(user) else "second-factor")


def current_person(request) -> Person | None:
    """Return the signed-in user, or the pending user who still has to enter a code."""
    if request.user.is_authenticated:
        return request.user
    pending = request.session.get(PENDING)
    if pending is None or time.time() > pending["until"] or pending["attempts"] >= MAX_ATTEMPTS:
        return None
    person = active_person(pending["user"])
    if person is None or person.get_session_auth_hash() != pending.get("session_hash"):
        return None
    return person


def has_verified_factor(request) -> bool:
    """Return whether this session began with a second factor."""
    return request.user.is_authenticated and VERIFIED_FACTOR in request.session


class PersonView(LimitedAttemptsMixin, View):
    """A view for a signed-in user, or for a pending user who has entered the password only."""

    keeps_session = False  # whether the user's session continues, so that the browser becomes known

    @method_decorator(never_cache)
    def dispatch(self, request, *args, **kwargs):
        self.person = current_person(request)
        if self.person is None:
            request.session.pop(PENDING, None)
            return redirect("admin:login")
        response = keep_secret(super().dispatch(request, *args, **kwargs))
        if self.keeps_session:
            remember_device(response, request, self.person)
        return response

    def username_of_attempt(self):
        return self.person.get_username()

    @property
    def origin(self) -> Origin:
        return Origin(channel=Channel.MEMBERCARE, user=self.person)

    @property
    def target(self) -> str:
        """Return the URL to redirect to afterwards: the page that was requested at first."""
        url = self.request.session.get(PENDING, {}).get("target") or self.request.GET.get("next")
        if url and url_has_allowed_host_and_scheme(url, {self.request.get_host()}):
            return url
        return reverse("desk:home")

    def start_session(self, factor: str) -> str:
        """Start a session with a second factor, and return the URL to redirect to."""
        target = self.target
        address = client_address(self.request.META)
        with sign_in.sign_in(origin=self.origin, address=address, second_factor=factor):
            login(self.request, self.person, backend=BACKEND)
            for name in (PENDING, KEY):
                self.request.session.pop(name, None)
            self.request.session[VERIFIED_FACTOR] = factor
            self.request.session.restart()
        self.keeps_session = True
        return target

    def keep_session(self, person: Person) -> None:
        """Keep this session after all other sessions of the user have ended."""
        self.person, self.keeps_session = person, True
        update_session_auth_hash(self.request, person)

    def is_last_failure(self) -> bool:
        """Count a wrong code; return whether the user must enter the password again."""
        self.has_failed = True
        pending = self.request.session.get(PENDING)
        if pending is None:
            return False
        pending["attempts"] += 1
        self.request.session.modified = True
        if pending["attempts"] < MAX_ATTEMPTS:
            return False
        messages.error(self.request, _("Too many wrong codes. Log in again."))
        return True

    def show(self, template: str, title, **context):
        context = {**admin.site.each_context(self.request), "title": title, **context}
        return render(self.request, f"admin/second_factor/{template}.html", context)


class SignInCodeView(PersonView):
    """Ask for the code that follows the password; the right code starts the session."""

    def get(self, request):
        if not second_factor.has_second_factor(self.person):
            return redirect("second-factor")
        return self._ask(CodeForm())

    def post(self, request):
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._ask(form)
        factor = second_factor.verify(self.person, form.cleaned_data["code"])
        if factor is None:
            return self._refuse(form)
        return redirect(self.start_session(factor))

    def _refuse(self, form):
        sign_in.refuse_sign_in(
            username=self.person.get_username(),
            address=client_address(self.request.META),
            message=_("The second factor was wrong."),
        )
        if self.is_last_failure():
            return redirect("admin:login")
        form.add_error("code", _("The code is wrong, or was used before. Wait for the next one."))
        return self._ask(form)

    def _ask(self, form):
        return self.show("code", _("Enter your code"), form=form)


class SecondFactorView(PersonView):
    """Set a second factor up, renew the recovery codes, or remove the factor."""

    def get(self, request):
        if not second_factor.has_second_factor(self.person):
            return self._show_key(self._set_up_form())
        if not has_verified_factor(request):
            return self._ask_for_code()
        return self._show_own(CodeForm())

    def post(self, request):
        is_set_up = second_factor.has_second_factor(self.person)
        if is_set_up and not has_verified_factor(request):
            return self._ask_for_code()
        form = CodeForm(request.POST) if is_set_up else self._set_up_form(request.POST)
        show = self._show_own if is_set_up else self._show_key
        if not form.is_valid():
            return show(form)
        try:
            return self._act(form.cleaned_data, is_set_up)
        except BadgeError as refusal:
            if self.is_last_failure():
                return redirect("admin:login")
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            return show(form)

    def _ask_for_code(self):
        """Redirect to the code with this query, which names the page requested at first."""
        return redirect(reverse("sign-in-code", query=self.request.GET))

    def _set_up_form(self, data=None) -> SetUpForm:
        return SetUpForm(data, needs_setup_code=second_factor.needs_setup_code(self.person))

    def _act(self, codes: dict[str, str], is_set_up: bool):
        arguments: dict[str, Any] = {"origin": self.origin, "user": self.person, **codes}
        if not is_set_up:
            self.person, recovery = second_factor.add(**arguments, key=self.key)
            return self._redirect_to_codes(recovery, self.start_session(second_factor.APP))
        if "give_up" in self.request.POST:
            self.keep_session(second_factor.remove_own(**arguments))
            del self.request.session[VERIFIED_FACTOR]
            messages.success(self.request, _("You sign in with your password alone now."))
            return redirect("desk:home")
        person, recovery = second_factor.renew_codes(**arguments)
        self.keep_session(person)
        return self._redirect_to_codes(recovery, reverse("desk:home"))

    @property
    def key(self) -> str:
        """Return the key that this session is about to share with an app."""
        return self.request.session.setdefault(KEY, second_factor.new_key())

    def _show_key(self, form):
        picture = segno.make(second_factor.otpauth_url(self.person, self.key), error="m")
        return self._show_form(
            "set_up",
            _("Set up your second factor"),
            form=form,
            picture=picture.svg_data_uri(scale=5, border=3, light="white"),
            key=second_factor.format_key(self.key),
        )

    def _show_own(self, form):
        left = second_factor.codes_left(self.person)
        return self._show_form("own", _("Your second factor"), form=form, left=left)

    def _show_form(self, template: str, title, **context):
        is_required = second_factor.is_required_of(self.person)
        target = reverse("desk:home")
        return self.show(template, title, is_required=is_required, target=target, **context)

    def _redirect_to_codes(self, codes: list[str], target: str):
        """Keep the codes in the session for their page, and redirect to that page."""
        shown_secrets.keep(self.request.session, CODES, {"codes": codes, "target": target})
        return redirect("recovery-codes")


class RecoveryCodesView(PersonView):
    """Show the recovery codes that this session has just created; POST confirms the copy."""

    def get(self, request):
        created = shown_secrets.read(request.session, CODES)
        if created is None:
            return redirect("second-factor")
        return self.show("codes", _("Your recovery codes"), codes=created["codes"])

    def post(self, request):
        created = shown_secrets.read(request.session, CODES) or {}
        shown_secrets.forget(request.session, CODES)
        return redirect(created.get("target", "desk:home"))


class RequiredMiddleware:
    """Redirect users who must have a second factor but have signed in without one.

    This includes sessions that are older than the requirement.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not settings.SECOND_FACTOR_FOR or not self._is_page(request):
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated or VERIFIED_FACTOR in request.session:
            return self.get_response(request)
        if not second_factor.is_required_of(user):
            return self.get_response(request)
        return redirect_to_login(request.get_full_path(), reverse("second-factor"))

    @staticmethod
    def _is_page(request) -> bool:
        """Return whether a request has a session cookie and its URL is not exempt."""
        sign_in_urls = (reverse("admin:login"), reverse("admin:logout"), reverse("second-factor"))
        exempt_urls = (
            *sign_in_urls,
            reverse("sign-in-code"),
            reverse("set_language"),
            settings.STATIC_URL,
        )
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        return has_session and not request.path.startswith(tuple(exempt_urls))


urlpatterns = [
    path("login/code/", SignInCodeView.as_view(), name="sign-in-code"),
    path("second-factor/codes/", RecoveryCodesView.as_view(), name="recovery-codes"),
    path("second-factor/", SecondFactorView.as_view(), name="second-factor"),
]
