"""Every service stores names in their normal form, and refuses names with invisible characters."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.utils import timezone

from badges.errors import BadgeError
from badges.models import (
    BadgeGroup,
    BadgeMeta,
    Channel,
    CustomField,
    Integrator,
    IssueReason,
    Operation,
    RequestLog,
    RequestOutcome,
    SavedFilter,
)
from badges.models.names import SearchableByName
from badges.services.access import integrators, people
from badges.services.catalogue import definitions, groups, reasons
from badges.services.record import filters
from badges.services.request_log import Origin
from tests.factories import BadgeMetaFactory, IntegratorFactory, UserFactory

pytestmark = pytest.mark.django_db

ONE_FORM = "Caf\u00e9 de nuit"
TYPED = "\u00a0Cafe\u0301  de\u3000nuit "


def draft(name):
    starts_at = timezone.now() - timedelta(days=1)
    values = {
        "name": name,
        "earn_type": "EARN",
        "active": True,
        "starts_at": starts_at,
        "expires_at": starts_at + timedelta(days=9),
        "earned_expiry_kind": "NEVER",
    }
    return definitions.BadgeDraft(values=values, owners=["Loyalty"])


def update_badge(origin, name):
    badge, new = BadgeMetaFactory(), draft(name)
    values = new.values | {"starts_at": badge.starts_at, "expires_at": badge.expires_at}
    return definitions.update_badge(
        origin=origin,
        badge_id=badge.pk,
        draft=definitions.BadgeDraft(values=values, owners=["Loyalty"]),
    )


def update_group(origin, name):
    group = groups.create_group(origin=origin, name="Any", rank=1)
    return groups.update_group(origin=origin, group_id=group.pk, name=name)


def create_field(origin, name):
    return groups.create_custom_field(origin=origin, name=name, data_type="STRING")


def update_field(origin, name):
    field = create_field(origin, "Any")
    return groups.update_custom_field(origin=origin, field_id=field.pk, name=name)


def update_reason(origin, name):
    reason = reasons.create_reason(origin=origin, name="Any", rank=1)
    return reasons.update_reason(origin=origin, reason_id=reason.pk, name=name)


def update_integrator(origin, name):
    pk = IntegratorFactory().pk
    return integrators.update_integrator(origin=origin, integrator_id=pk, name=name)


def update_user(origin, name):
    return people.update_user(origin=origin, user_id=UserFactory().pk, first_name=name)


def update_access_group(origin, name):
    group = people.create_access_group(origin=origin, name="Any")
    return people.update_access_group(origin=origin, group_id=group.pk, name=name, permissions=[])


WRITERS = {
    "create a badge": (
        lambda origin, name: definitions.create_badge(origin=origin, draft=draft(name)),
        BadgeMeta,
        "name",
    ),
    "update a badge": (update_badge, BadgeMeta, "name"),
    "create a group": (
        lambda origin, name: groups.create_group(origin=origin, name=name, rank=1),
        BadgeGroup,
        "name",
    ),
    "update a group": (update_group, BadgeGroup, "name"),
    "create a custom field": (create_field, CustomField, "name"),
    "update a custom field": (update_field, CustomField, "name"),
    "create a reason": (
        lambda origin, name: reasons.create_reason(origin=origin, name=name, rank=1),
        IssueReason,
        "name",
    ),
    "update a reason": (update_reason, IssueReason, "name"),
    "create an integrator": (
        lambda origin, name: integrators.create_integrator(
            origin=origin, name=name, access_groups=[]
        ),
        Integrator,
        "name",
    ),
    "update an integrator": (update_integrator, Integrator, "name"),
    "update a user": (update_user, User, "first_name"),
    "create an access group": (
        lambda origin, name: people.create_access_group(origin=origin, name=name),
        Group,
        "name",
    ),
    "update an access group": (update_access_group, Group, "name"),
    "save a filter": (
        lambda origin, name: filters.save_filter(
            origin=origin, ledger="requests", name=name, query="outcome=REFUSED"
        ),
        SavedFilter,
        "name",
    ),
}


@pytest.fixture
def origin(supervisor):
    return Origin(channel=Channel.MEMBERCARE, user=supervisor)


@pytest.mark.parametrize(("write", "model", "column"), WRITERS.values(), ids=WRITERS)
def test_a_name_is_normalised(origin, write, model, column):
    write(origin, TYPED)

    row = model.objects.get(**{column: ONE_FORM})
    if issubclass(model, SearchableByName):
        assert row.search_key == "cafe de nuit"


def test_every_table_with_a_name_is_covered():
    written = {model for _write, model, _column in WRITERS.values()}

    assert {model for model in apps.get_models() if issubclass(model, SearchableByName)} <= written


@pytest.mark.parametrize("name", ["Go\u200bld", "\u3164", "\u202eGold", "\u0301", "Go\x07ld"])
@pytest.mark.parametrize(("write", "model", "column"), WRITERS.values(), ids=WRITERS)
def test_an_invisible_name_is_refused_and_nothing_is_written(origin, write, model, column, name):
    with pytest.raises(BadgeError) as refused:
        write(origin, name)

    newest = RequestLog.objects.order_by("pk").last()
    assert (refused.value.code, refused.value.field) == (400, column)
    assert newest.outcome == RequestOutcome.REFUSED
    assert not model.objects.filter(**{column: name}).exists()


@pytest.mark.parametrize("username", ["mar\u3164ia", "\u115f"])
def test_a_user_name_has_no_invisible_letters(origin, username):
    with pytest.raises(BadgeError) as refused:
        people.create_user(origin=origin, username=username, password=None)

    assert (refused.value.code, refused.value.field) == (400, "username")
    assert not User.objects.exclude(pk=origin.user.pk).exists()


@pytest.mark.parametrize("other", ["Cafe\u0301", "Caf\u00e9\u00a0", "  Caf\u00e9"])
@pytest.mark.parametrize(
    "create",
    ["create a badge", "create a group", "create a custom field", "create an integrator"],
)
def test_a_name_in_another_spelling_is_the_same_name(origin, create, other):
    write, model, _column = WRITERS[create]
    write(origin, "Caf\u00e9")

    with pytest.raises(BadgeError) as refused:
        write(origin, other)

    assert refused.value.field == "name"
    assert model.objects.filter(name__startswith="Caf").count() == 1


def test_names_are_case_sensitive(origin):
    write, model, _column = WRITERS["create a badge"]

    write(origin, "Gold")
    write(origin, "GOLD")

    assert model.objects.count() == 2


def test_a_custom_field_is_found_by_any_spelling_of_its_name(origin):
    create_field(origin, "Caf\u00e9")
    new = definitions.BadgeDraft(
        values=draft("Gold").values, owners=["Loyalty"], custom_fields={"Cafe\u0301": "yes"}
    )

    badge = definitions.create_badge(origin=origin, draft=new)

    assert list(badge.custom_values.values_list("field__name", "value")) == [("Caf\u00e9", "yes")]


def test_a_switch_keeps_an_older_name(origin):
    badge = BadgeMetaFactory(name="Go\u200bld")

    definitions.switch_badge(origin=origin, badge_id=badge.pk, active=False)

    assert RequestLog.objects.filter(operation=Operation.DEACTIVATE_BADGE).accepted().exists()
