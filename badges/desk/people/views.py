"""Views of the members of staff: create, change, deactivate, and reset how they log in."""

from datetime import datetime
from functools import partial

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice

from badges import shown_secrets
from badges.desk.access import keep_secret, require_form_methods, show, staff_page
from badges.desk.errors import forbidden
from badges.desk.parts.forms import SearchForm
from badges.desk.parts.pager import paginate, url_of_order
from badges.desk.parts.problems import focus_on_fault
from badges.desk.people.forms import NewPersonForm, PersonForm, ResetForm
from badges.desk.people.people_table import TABLE
from badges.desk.people.state import state_of
from badges.edit_forms import SEEN
from badges.errors import BadgeError
from badges.forms import origin_of, posted_data
from badges.models import UserKey
from badges.models.names import search_key
from badges.models.querysets import keys_matching
from badges.services.access import authority, people, second_factor
from badges.services.access.setup_links import SetupLink
from badges.services.versions import version_of

RIGHT = "badges.manage_people"


@require_safe
@staff_page(RIGHT)
def index(request):
    """List the members of staff with their roles, their state and their last login."""
    form = SearchForm(request.GET, label=_("Name"))
    found = _people()
    if text := search_key(form.text):
        found = found.filter(pk__in=keys_matching(text, UserKey.objects.all()))
    sort = TABLE.sort_of(request.GET.get("sort", ""))
    page, pager = paginate(found.prefetch_related("groups").order_by(str(sort)), request.GET)
    now = timezone.now()
    rows = [{"person": person, "state": state_of(person, now)} for person in page]
    context = {
        "title": _("People"),
        "form": form,
        "filtered": bool(form.text),
        "page": page,
        "pager": pager,
        "rows": rows,
        "table": TABLE.show(
            request.user,
            rows,
            key=lambda row: row["person"].pk,
            sort=sort,
            url_of=partial(url_of_order, request.GET),
        ),
    }
    return show(request, "desk/people/list.html", context)


@never_cache
@require_form_methods
@staff_page(RIGHT)
def new(request):
    """Create a member of staff, and redirect to the page with the set-up link."""
    form = NewPersonForm(posted_data(request), actor=request.user)
    if form.is_bound and form.is_valid():
        try:
            person, link = people.invite_user(origin=origin_of(request), **form.cleaned_data)
        except BadgeError as refusal:
            form.show(refusal)
        else:
            return _redirect_to_link(request, person, link, _setup_code(request, person))
    focus_on_fault(form)
    context = {
        "title": _("New person"),
        "form": form,
        "send": _("Create person"),
        "back": reverse("desk:people"),
    }
    return show(request, "desk/people/form.html", context)


@require_form_methods
@staff_page(RIGHT)
def edit(request, pk):
    """Show one person, with the form for users who have all rights of this person."""
    person = get_object_or_404(_people(), pk=pk)
    may_change = authority.may_take_over(request.user, person)
    if request.method == "POST" and not may_change:
        return forbidden(request)
    form = PersonForm(posted_data(request), instance=person, actor=request.user)
    if form.is_bound and form.is_valid() and _updated(request, form):
        return redirect("desk:person", pk)
    focus_on_fault(form)
    context = {
        "title": person.get_full_name() or person.username,
        "subtitle": _("People"),
        "person": person,
        "state": state_of(person, timezone.now()),
        "form": form if may_change else None,
        "is_self": person.pk == request.user.pk,
    }
    return show(request, "desk/people/person.html", context)


@require_form_methods
@staff_page(RIGHT)
def switch(request, pk):
    """Show the consequences of deactivating or reactivating a person, and do so on POST."""
    person = get_object_or_404(_people(), pk=pk)
    if request.method == "POST":
        _switch(request, person)
        return redirect("desk:person", pk)
    context = {
        "title": _("Deactivate a person") if person.is_active else _("Reactivate a person"),
        "subtitle": person.username,
        "person": person,
        "version": version_of(person),
        "active": person.is_active,
        "back": reverse("desk:person", args=[pk]),
    }
    return show(request, "desk/people/switch.html", context)


@never_cache
@require_form_methods
@staff_page(RIGHT)
def reset(request, pk):
    """Replace the password by a set-up link, and remove the second factor if chosen."""
    person = get_object_or_404(_people(), pk=pk)
    form = ResetForm(posted_data(request))
    if form.is_bound and form.is_valid():
        try:
            link = people.reset_password(origin=origin_of(request), user_id=pk)
            code = _setup_code(request, person, is_lost=form.cleaned_data["second_factor"])
        except BadgeError as refusal:
            form.add_error(None, refusal.message)
        else:
            return _redirect_to_link(request, person, link, code)
    context = {
        "title": _("Reset the login of %(name)s") % {"name": person},
        "person": person,
        "form": form,
        "send": _("Create a new link"),
        "back": reverse("desk:person", args=[pk]),
    }
    return show(request, "desk/people/reset.html", context)


@never_cache
@require_form_methods
@staff_page(RIGHT)
def link(request, pk):
    """Show the link that this session has just created; POST confirms that it was copied."""
    person = get_object_or_404(User, pk=pk)
    created = shown_secrets.read(request.session, _kind(pk))
    if request.method == "POST" or created is None:
        shown_secrets.forget(request.session, _kind(pk))
        return redirect("desk:person", pk)
    context = {
        "title": _("Set-up link for %(name)s") % {"name": person},
        "person": person,
        "url": f"{request.build_absolute_uri(reverse('set-up'))}#{created['link']}",
        "ends_at": datetime.fromisoformat(created["ends_at"]),
        "setup_code": created["setup_code"],
    }
    return keep_secret(show(request, "desk/people/link.html", context))


def _people():
    devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
    return User.objects.select_related("security").annotate(with_second_factor=Exists(devices))


def _updated(request, form) -> bool:
    try:
        people.update_user(origin=origin_of(request), user_id=form.instance.pk, **form.arguments())
    except BadgeError as refusal:
        form.show(refusal)
        return False
    messages.success(request, _("%(name)s was saved.") % {"name": form.instance})
    return True


def _switch(request, person) -> None:
    """Deactivate in any version, or reactivate only in the version that was shown."""
    active = request.POST.get("active") == "yes"
    seen = [request.POST.get(SEEN)] if active else None
    try:
        people.update_user(
            origin=origin_of(request), user_id=person.pk, seen=seen, is_active=active
        )
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        text = _("%(name)s is active now.") if active else _("%(name)s is deactivated now.")
        messages.success(request, text % {"name": person})


def _setup_code(request, person, *, is_lost: bool = False) -> str:
    """Return the code for a second factor that the person has lost or still needs, or ""."""
    if not (is_lost or second_factor.waits_for_setup_code(person)):
        return ""
    return second_factor.reset(origin=origin_of(request), user=person).text


def _redirect_to_link(request, person, link: SetupLink, setup_code: str):
    """Keep the link in the session for its page, and redirect to that page."""
    shown = {"link": link.code, "ends_at": link.ends_at.isoformat(), "setup_code": setup_code}
    shown_secrets.keep(request.session, _kind(person.pk), shown)
    return redirect("desk:person-link", person.pk)


def _kind(pk: int) -> str:
    return f"person-{pk}"
