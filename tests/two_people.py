"""Tools for two users who edit one row: pages, posted form data, and stored values."""

from html.parser import HTMLParser

from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from badges.models import BadgeGroup, CustomField
from tests.factories import BadgeMetaFactory, IntegratorFactory, UserFactory


class FormParser(HTMLParser):
    """A parser that collects the form data of the forms of a page."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.select, self.textarea = [], None, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        name, kind = attrs.get("name"), attrs.get("type", "text")
        if tag == "form":
            self.forms.append([])
        elif tag == "select":
            self.select = name
        elif tag == "textarea":
            self.textarea = name
            self.add(name, "")
        elif tag == "option" and self.select and "selected" in attrs:
            self.add(self.select, attrs.get("value", ""))
        elif tag == "input" and name and kind not in ("submit", "file", "button"):
            self.add_input(name, kind, attrs)

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        if tag == "textarea":
            self.textarea = None

    def handle_data(self, data):
        if self.textarea:
            name, value = self.forms[-1].pop()
            self.add(name, value + data.removeprefix("\n"))

    def add_input(self, name, kind, attrs):
        if kind not in ("checkbox", "radio") or "checked" in attrs:
            self.add(name, attrs.get("value", "on" if kind == "checkbox" else ""))

    def add(self, name, value):
        if self.forms:
            self.forms[-1].append((name, value))


def form_in(answer, **typed) -> dict[str, list]:
    """Return the form data that a browser posts from a page, with the typed fields."""
    (form,) = [form for form in FormParser(answer.text).forms if "seen_version" in dict(form)]
    posted = {}
    for name, value in form:
        posted.setdefault(name, []).append(value)
    posted.pop("csrfmiddlewaretoken", None)
    return {name: value for name, value in (posted | typed).items() if value is not None}


class Case:
    """A kind of row with a page that edits it, and two fields that two users change."""

    def __init__(self, make, address, one, two):
        self.make, self.address, self._one, self.two = make, address, one, two

    @property
    def one(self):
        first = [str(Permission.objects.order_by("pk").values_list("pk", flat=True).first())]
        return {
            name: first if value is FIRST_PERMISSION else value for name, value in self._one.items()
        }


def desk(name):
    return lambda row: reverse(f"desk:{name}", args=[row.pk])


def admin(name):
    return lambda row: reverse(f"admin:{name}_change", args=[row.pk])


def badge():
    return BadgeMetaFactory(name="Before")


def integrator():
    return IntegratorFactory(name="Before")


# A placeholder for the key of a permission, which differs between databases.
FIRST_PERMISSION = object()

CASES = {
    "badge at the desk": Case(
        badge, desk("definition-edit"), {"description": "By one"}, {"rank": "7"}
    ),
    "badge in the admin": Case(
        badge, admin("badges_badgemeta"), {"description": "By one"}, {"rank": "7"}
    ),
    "group at the desk": Case(
        lambda: BadgeGroup.objects.create(name="Before", rank=1),
        desk("group-edit"),
        {"rank": "5"},
        {"name": "After"},
    ),
    "custom field at the desk": Case(
        lambda: CustomField.objects.create(name="Before", data_type="STRING"),
        desk("field-edit"),
        {"default_value": "By one"},
        {"name": "After"},
    ),
    "integrator at the desk": Case(
        integrator, desk("integrator"), {"owner_types": ["Loyalty"]}, {"name": "After"}
    ),
    "integrator in the admin": Case(
        integrator, admin("badges_integrator"), {"active": None}, {"name": "After"}
    ),
    "person in the admin": Case(
        lambda: UserFactory(username="nina", role="MemberCare"),
        admin("auth_user"),
        {"is_active": None},
        {"email": "nina@example.org"},
    ),
    "access group in the admin": Case(
        lambda: Group.objects.create(name="Before"),
        admin("auth_group"),
        {"permissions": FIRST_PERMISSION},
        {"name": "After"},
    ),
}


def browser() -> Client:
    """Return the client of a user with all permissions."""
    person = UserFactory(is_superuser=True)
    client = Client()
    client.force_login(person)
    return client


def state(row) -> dict:
    """Return the stored columns and relations of a row."""
    fresh = type(row)._base_manager.get(pk=row.pk)
    columns = {
        field.attname: field.value_from_object(fresh) for field in fresh._meta.concrete_fields
    }
    many = {
        field.name: sorted(str(other.pk) for other in getattr(fresh, field.name).all())
        for field in fresh._meta.many_to_many
    }
    return columns | many


def has(row, typed) -> bool:
    """Return whether a row has the typed values."""
    now = state(row)
    return all(
        now[name] == value or str(now[name]) == value or (value is None and now[name] is False)
        for name, value in typed.items()
    )


def faults(answer):
    """Return the form errors of a response, for the message of a failed test."""
    context = answer.context or {}
    form = context["forms"].form if "forms" in context else context.get("form")
    form = context["adminform"].form if "adminform" in context else form
    return form and form.errors
