"""The page on which a member of staff sets a password with a set-up link.

The code of the link is in the fragment of its URL. Browsers do not send a fragment to the server,
so the code is in no log of URLs and in no Referer header. A script copies it into the form.
"""

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.forms import SetPasswordMixin
from django.contrib.auth.password_validation import password_validators_help_texts
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from badges.admin.sign_in_limits import LimitedAttemptsMixin
from badges.client_address import client_address
from badges.desk.access import keep_secret
from badges.errors import BadgeError, ErrorCode
from badges.services.access import people

# The fields of the form, by the arguments of the service.
FIELDS = {"code": "code", "password": "password1"}


class SetUpForm(SetPasswordMixin, forms.Form):
    """The code of the link, and the new password twice."""

    code = forms.CharField(
        label=_("Code of the link"),
        max_length=100,
        help_text=_("It is filled in from the link. Otherwise, copy the part after “#” here."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )
    password1, password2 = SetPasswordMixin.create_password_fields(
        label1=_("New password"), label2=_("New password, again")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["data-desk-fragment"] = True
        self.fields["password1"].widget.attrs["autofocus"] = True
        self.fields["password1"].help_text = " ".join(password_validators_help_texts())
        self.fields["password2"].help_text = ""

    def clean(self):
        self.validate_passwords("password1", "password2")
        return super().clean()


class SetUpView(LimitedAttemptsMixin, View):
    """Set the password of the owner of a link, who then logs in with it."""

    @method_decorator([sensitive_post_parameters(), never_cache])
    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)

    def username_of_attempt(self):
        return ""

    def get(self, request):
        return self._show(SetUpForm())

    def post(self, request):
        form = SetUpForm(request.POST)
        if not form.is_valid():
            return self._show(form)
        try:
            person = people.set_password_by_link(
                code=form.cleaned_data["code"],
                password=form.cleaned_data["password1"],
                address=client_address(request.META),
            )
        except BadgeError as refusal:
            self.has_failed = refusal.code == ErrorCode.NOT_AUTHENTICATED
            form.add_error(FIELDS.get(refusal.field or ""), refusal.message)
            return self._show(form)
        text = _("Your password is set. Log in as “%(name)s”.") % {"name": person.username}
        messages.success(request, text)
        return redirect("admin:login")

    def _show(self, form):
        context = {
            **admin.site.each_context(self.request),
            "title": _("Set your password"),
            "form": form,
        }
        return keep_secret(render(self.request, "admin/set_up.html", context))


urlpatterns = [path("set-up/", SetUpView.as_view(), name="set-up")]
