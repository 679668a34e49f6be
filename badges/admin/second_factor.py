"""The second factor at the door and on a page of its own: set up, asked for, given up.

Whoever gave the right password is not signed in before the code is right as well: until then a
session of nobody remembers for whom, for five minutes.
"""

import time

import segno
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache

from badges.desk.access import lead
from badges.errors import BadgeError
from badges.forms import address_of
from badges.models import Channel
from badges.services import access, second_factor
from badges.services.requests import Origin

PENDING, KEY, PROVED = "signing_in", "second_factor_key", "second_factor"
BACKEND = settings.AUTHENTICATION_BACKENDS[-1]
SECONDS_TO_ENTER = 5 * 60
MOST_ATTEMPTS = 5
LONGEST_CODE = 30


class CodeForm(forms.Form):
    """A code of the app, or a recovery code where there are any."""

    code = forms.CharField(
        label=_("Code"),
        max_length=LONGEST_CODE,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "off",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )


def needs_code(user: User) -> bool:
    """Whether the right password alone does not let this person in."""
    return second_factor.has_second_factor(user) or second_factor.is_required_of(user)


def hold_back(request, user: User, target: str) -> HttpResponseRedirect:
    """Let a person, who proved to know their password, go on to prove what they have."""
    request.session.cycle_key()
    request.session[PENDING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "until": time.time() + SECONDS_TO_ENTER,
        "attempts": 0,
        "target": target,
    }
    return redirect("sign-in-code" if second_factor.has_second_factor(user) else "second-factor")


def person_of(request) -> User | None:
    """Return who is signed in, or would be if the code were right."""
    if request.user.is_authenticated:
        return request.user
    pending = request.session.get(PENDING)
    if pending is None or time.time() > pending["until"] or pending["attempts"] >= MOST_ATTEMPTS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    knows = user is not None and user.get_session_auth_hash() == pending["password"]
    return user if knows else None


def is_proved(request) -> bool:
    """Whether this session began with a second factor."""
    return request.user.is_authenticated and PROVED in request.session


class OfPersonView(View):
    """A page for a person who is known, if only by their password so far."""

    @method_decorator(never_cache)
    def dispatch(self, request, *args, **kwargs):
        self.person = person_of(request)
        if self.person is None:
            request.session.pop(PENDING, None)
            return redirect("admin:login")
        return super().dispatch(request, *args, **kwargs)

    @property
    def origin(self) -> Origin:
        return Origin(channel=Channel.MEMBERCARE, user=self.person)

    @property
    def target(self) -> str:
        """Return where to go then: where they wanted to."""
        wanted = self.request.session.get(PENDING, {}).get("target") or self.request.GET.get("next")
        if url_has_allowed_host_and_scheme(wanted, {self.request.get_host()}):
            return wanted
        return reverse("admin:index")

    def let_in(self, proved: str) -> str:
        """Begin a session that knows of the second factor; return where to go."""
        target = self.target
        address = address_of(self.request)
        with access.sign_in(origin=self.origin, address=address, second_factor=proved):
            login(self.request, self.person, backend=BACKEND)
            for name in (PENDING, KEY):
                self.request.session.pop(name, None)
            self.request.session[PROVED] = proved
        return target

    def show(self, template: str, title, **context):
        context = {**admin.site.each_context(self.request), "title": title, **context}
        return render(self.request, f"admin/second_factor/{template}.html", context)


class SignInCodeView(OfPersonView):
    """Ask for the code that belongs to a password; the session begins when it is right."""

    def get(self, request):
        if not second_factor.has_second_factor(self.person):
            return redirect("second-factor")
        return self._ask(CodeForm())

    def post(self, request):
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._ask(form)
        proved = second_factor.verify(self.person, form.cleaned_data["code"])
        if proved is None:
            return self._refuse(form)
        return redirect(self.let_in(proved))

    def _refuse(self, form):
        access.refuse_sign_in(
            username=self.person.get_username(),
            address=address_of(self.request),
            message=_("The second factor was wrong."),
        )
        if pending := self.request.session.get(PENDING):
            pending["attempts"] += 1
            self.request.session.modified = True
            if pending["attempts"] >= MOST_ATTEMPTS:
                messages.error(self.request, _("Too many wrong codes. Log in again."))
                return redirect("admin:login")
        form.add_error("code", _("The code is wrong, or was used before. Wait for the next one."))
        return self._ask(form)

    def _ask(self, form):
        return self.show("code", _("Enter your code"), form=form)


class SecondFactorView(OfPersonView):
    """Set a second factor up, get other recovery codes, or give it up."""

    def get(self, request):
        if not second_factor.has_second_factor(self.person):
            return self._show_key(CodeForm())
        if not is_proved(request):
            return redirect(f"{reverse('sign-in-code')}?{request.GET.urlencode()}")
        return self._show_own(CodeForm())

    def post(self, request):
        is_set_up = second_factor.has_second_factor(self.person)
        if is_set_up and not is_proved(request):
            return redirect("sign-in-code")
        form = CodeForm(request.POST)
        again = self._show_own if is_set_up else self._show_key
        if not form.is_valid():
            return again(form)
        try:
            return self._act(form.cleaned_data["code"], is_set_up)
        except BadgeError as refusal:
            form.add_error(refusal.field, refusal.message)
            return again(form)

    def _act(self, code: str, is_set_up: bool):
        asked = {"origin": self.origin, "user": self.person, "code": code}
        if not is_set_up:
            codes = second_factor.add(**asked, key=self.key)
            return self._show_codes(codes, self.let_in(second_factor.APP))
        if "give_up" in self.request.POST:
            second_factor.give_up(**asked)
            del self.request.session[PROVED]
            messages.success(self.request, _("You sign in with your password alone now."))
            return redirect("admin:index")
        return self._show_codes(second_factor.renew_codes(**asked), reverse("admin:index"))

    @property
    def key(self) -> str:
        """Return the key that this session is about to share with an app."""
        return self.request.session.setdefault(KEY, second_factor.new_key())

    def _show_key(self, form):
        picture = segno.make(second_factor.address_of(self.person, self.key), error="m")
        return self._show_form(
            "set_up",
            _("Set up your second factor"),
            form=form,
            picture=picture.svg_data_uri(scale=5, border=3, light="white"),
            key=second_factor.spelt_out(self.key),
        )

    def _show_own(self, form):
        left = second_factor.codes_left(self.person)
        return self._show_form("own", _("Your second factor"), form=form, left=left)

    def _show_form(self, template: str, title, **context):
        is_required = second_factor.is_required_of(self.person)
        target = reverse("admin:index")
        return self.show(template, title, is_required=is_required, target=target, **context)

    def _show_codes(self, codes: list[str], target: str):
        """Show recovery codes in this very answer: they can never be shown again."""
        return self.show("codes", _("Your recovery codes"), codes=codes, target=target)


class RequiredMiddleware:
    """Lets nobody go on who has to have a second factor and came without, whenever that began."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not settings.SECOND_FACTOR_FOR or not self._is_page(request):
            return self.get_response(request)
        user = request.user
        if not user.is_authenticated or PROVED in request.session:
            return self.get_response(request)
        if not second_factor.is_required_of(user):
            return self.get_response(request)
        return lead(request, redirect(f"{reverse('second-factor')}?next={request.path}"))

    @staticmethod
    def _is_page(request) -> bool:
        """Whether an address is behind the door: what is before it stays open."""
        door = (reverse("admin:login"), reverse("admin:logout"), reverse("second-factor"))
        free = (*door, reverse("sign-in-code"), reverse("set_language"), settings.STATIC_URL)
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        return has_session and not request.path.startswith(tuple(free))


urlpatterns = [
    path("login/code/", SignInCodeView.as_view(), name="sign-in-code"),
    path("second-factor/", SecondFactorView.as_view(), name="second-factor"),
]
