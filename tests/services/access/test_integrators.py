"""Integrators: the secret is returned once, changes are logged, owner types are limits."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group
from django.utils import timezone

from badges.models import Channel, Integrator, Operation, Owner, RequestLog, RequestOutcome
from badges.models.secrets import SecretHasher, new_secret
from badges.services.access.integrators import create_integrator, update_integrator
from badges.services.catalogue.definitions import claim_badge, unclaim_badge
from badges.services.customers.enrol import enrol_customers
from badges.services.earning.earn import earn_badge, earn_badges
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import (
    CUSTOMER,
    LOYALTY,
    NOW,
    SECRET,
    BadgeMetaFactory,
    IntegratorFactory,
    earn_arguments,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def default_group(db):
    return Group.objects.get(name="Default")


def test_a_new_integrator_may_use_the_api_with_its_secret(desk_origin, default_group):
    integrator, secret = create_integrator(
        origin=desk_origin, name="Loyalty engine", access_groups=[default_group]
    )
    stored = Integrator.objects.get()
    assert stored == integrator
    assert (stored.name, stored.active) == ("Loyalty engine", True)
    assert (stored.client_type, stored.authorization_grant_type) == (
        "confidential",
        "client-credentials",
    )
    assert list(stored.access_groups.all()) == [default_group]
    assert check_password(secret, stored.client_secret)
    assert not check_password(secret + "x", stored.client_secret)
    assert stored.client_id


def test_the_secret_of_an_integrator_is_stored_as_a_hash(desk_origin):
    integrator, secret = create_integrator(origin=desk_origin, name="Engine", access_groups=[])
    stored = Integrator.objects.get().client_secret
    assert stored.startswith("integrator_secret$")
    assert secret not in stored
    assert secret not in str(RequestLog.objects.values().get())
    assert not integrator.access_groups.exists()


def test_creating_an_integrator_writes_a_request(desk_origin, member_care):
    create_integrator(origin=desk_origin, name="Engine", access_groups=[])
    request = RequestLog.objects.get()
    assert (request.operation, request.outcome) == (
        Operation.CREATE_INTEGRATOR,
        RequestOutcome.ACCEPTED,
    )
    assert request.user == member_care


@pytest.mark.parametrize(
    ("name", "code"),
    [("Loyalty engine", 725), (" Loyalty engine ", 725), ("", 400), ("  ", 400), ("x" * 256, 400)],
)
def test_an_invalid_name_of_an_integrator_is_refused_and_recorded(
    integrator, desk_origin, name, code
):
    with refused(code):
        create_integrator(origin=desk_origin, name=name, access_groups=[])
    assert Integrator.objects.get() == integrator
    assert RequestLog.objects.get().code == code


def test_an_integrator_cannot_take_the_name_of_another(integrator, desk_origin):
    other = IntegratorFactory(name="Journeys")
    with refused(725):
        update_integrator(
            origin=desk_origin, integrator_id=other.pk, name=integrator.name, access_groups=[]
        )
    other.refresh_from_db()
    assert other.name == "Journeys"
    assert other.access_groups.exists()


def test_a_changed_integrator_keeps_its_secret(integrator, desk_origin):
    update_integrator(
        origin=desk_origin,
        integrator_id=integrator.pk,
        name="Renamed",
        active=False,
        access_groups=[],
    )

    stored = Integrator.objects.get()
    assert (stored.name, stored.active, stored.is_active) == ("Renamed", False, False)
    assert not stored.access_groups.exists()
    assert check_password(SECRET, stored.client_secret)
    assert RequestLog.objects.get().operation == Operation.UPDATE_INTEGRATOR


def test_an_inactive_integrator_gets_no_token(integrator):
    assert integrator.is_usable(request=None)
    integrator.active = False
    assert not integrator.is_usable(request=None)


def test_a_secret_has_256_random_bits():
    secrets = {new_secret() for _time in range(50)}
    assert len(secrets) == 50
    assert {len(secret) for secret in secrets} == {43}


def test_the_hash_of_a_secret_depends_on_its_salt():
    hasher = SecretHasher()
    first, second = (hasher.encode("secret", salt) for salt in ("a", "b"))
    assert first != second
    assert hasher.verify("secret", first)
    assert not hasher.verify("Secret", first)
    assert hasher.safe_summary(first) == {"algorithm": "integrator_secret"}


JOURNEY = Owner("Journeys", "7")
SERVICES = {
    "earn": lambda **call: earn_badge(request_id="1", customer_id=CUSTOMER, **call),
    "earn many": lambda **call: earn_badges(request_id="1", customer_ids=[CUSTOMER], **call),
    "enrol": lambda **call: enrol_customers(request_id="1", customer_ids=[CUSTOMER], **call),
    "claim": claim_badge,
    "unclaim": unclaim_badge,
}


@pytest.fixture
def limited():
    """Return the origin of an integrator that may act only for Loyalty and Milestones."""
    integrator = IntegratorFactory(owner_types=["Loyalty", "Milestones"])
    return Origin(channel=Channel.API, integrator=integrator)


@pytest.fixture
def shared_badge():
    return BadgeMetaFactory(
        enrolled=True, owners=["Loyalty", "Journeys"], claimed=[LOYALTY, JOURNEY]
    )


@pytest.mark.parametrize("act", SERVICES.values(), ids=SERVICES)
def test_an_integrator_may_not_act_for_another_owner_type(limited, shared_badge, act):
    with refused(403) as refusal:
        act(origin=limited, badge_id=shared_badge.pk, owner=JOURNEY, now=NOW)

    assert refusal.value.field == "owner_type"
    assert "Journeys" in refusal.value.message
    request = RequestLog.objects.get()
    assert (request.outcome, request.code) == (RequestOutcome.REFUSED, 403)


def test_an_integrator_learns_nothing_of_badges_of_other_owner_types(limited):
    with refused(403):
        claim_badge(origin=limited, badge_id="0" * 24, owner=JOURNEY, now=NOW)


@pytest.mark.parametrize("owner_types", [["Loyalty"], []])
def test_an_integrator_acts_for_its_owner_types_or_for_all(owner_types):
    integrator = IntegratorFactory(owner_types=owner_types)
    origin = Origin(channel=Channel.API, integrator=integrator)
    badge = BadgeMetaFactory(claimed=True)

    earn_badge(request_id="1", **earn_arguments(badge, origin))

    assert RequestLog.objects.accepted().count() == 1


@pytest.mark.parametrize("owner_types", [["loyalty"], ["Loyalty", "Membercare"], [""]])
def test_an_unknown_owner_type_is_refused(desk_origin, owner_types):
    with refused(400) as refusal:
        create_integrator(
            origin=desk_origin, name="Engine", access_groups=[], owner_types=owner_types
        )

    assert refusal.value.field == "owner_types"
    assert "Audience_Campaigns" in refusal.value.message
    assert not Integrator.objects.exists()


def test_an_integrator_is_active_until_it_expires(desk_origin):
    ends = {"before": timedelta(minutes=1), "after": timedelta(minutes=-1)}
    made = {
        name: create_integrator(
            origin=desk_origin, name=name, access_groups=[], ends_at=timezone.now() + ahead
        )[0]
        for name, ahead in ends.items()
    }

    assert made["before"].is_active
    assert not made["after"].is_active
    assert not made["after"].is_usable(request=None)
