"""The database constraints, by name."""

import re
from datetime import date

import pytest
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError

from badges.models import (
    BadgeImage,
    BadgeMeta,
    BadgeOwner,
    Channel,
    EarnLimit,
    EarnTally,
    EarnType,
    Enrolment,
    ExpiryKind,
    Integrator,
    LimitKind,
    LimitLevel,
    RequestLog,
    Unit,
    new_id,
)
from tests.factories import (
    FAR_AHEAD,
    LONG_AGO,
    NOW,
    BadgeMetaFactory,
    BadgeRevisionFactory,
    ClaimFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def broken(constraint: str):
    """Expect an error with the name of the constraint; SQLite names the columns of unique ones."""
    unique = next(
        (
            f"{model._meta.db_table}.{model._meta.get_field(each.fields[0]).column}"
            for model in BadgeMeta._meta.apps.get_models()
            for each in model._meta.constraints
            if isinstance(each, models.UniqueConstraint) and each.name == constraint
        ),
        constraint,
    )
    return pytest.raises(IntegrityError, match=f"{constraint}|{re.escape(unique)}")


def earn_limit(**columns):
    usual = {"level": LimitLevel.CUSTOMER, "kind": LimitKind.FIXED_VALUE, "max_earns": 1}
    badge = columns.pop("badge", None) or BadgeMetaFactory()
    return EarnLimit.objects.create(badge=badge, **(usual | columns))


WEEKS = {"unit": Unit.WEEKS, "length": 1}
RELATIVE = {"kind": ExpiryKind.RELATIVE, "unit": Unit.DAYS, "count": 1}


def expiry(prefix, **parts):
    return {f"{prefix}_expiry_{part}": value for part, value in parts.items()}


@pytest.mark.parametrize(
    "columns",
    [
        expiry("earned", kind=ExpiryKind.NEVER),
        expiry("earned", kind=ExpiryKind.WITH_BADGE),
        expiry("earned", kind=ExpiryKind.FIXED_DATE, at=NOW),
        expiry("earned", **RELATIVE),
        {"enrolled": True} | expiry("enrolment", **RELATIVE),
    ],
)
def test_a_badge_may_have_an_expiry_of_every_kind(columns):
    badge = BadgeMetaFactory(**columns)
    assert BadgeMeta.objects.get() == badge


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"starts_at": FAR_AHEAD}, "badge_starts_before_it_ends"),
        (expiry("earned", kind=""), "badge_earned_expiry_fits"),
        (expiry("earned", kind=ExpiryKind.RELATIVE), "badge_earned_expiry_fits"),
        (expiry("earned", **RELATIVE | {"count": 0}), "badge_earned_expiry_fits"),
        (expiry("earned", **RELATIVE | {"unit": "YEARS"}), "badge_earned_expiry_fits"),
        (expiry("earned", **RELATIVE, at=NOW), "badge_earned_expiry_fits"),
        (expiry("earned", kind=ExpiryKind.FIXED_DATE), "badge_earned_expiry_fits"),
        (expiry("earned", kind=ExpiryKind.NEVER, at=NOW), "badge_earned_expiry_fits"),
        (expiry("earned", kind=ExpiryKind.NEVER, count=1), "badge_earned_expiry_fits"),
        (
            {"enrolled": True} | expiry("enrolment", kind=ExpiryKind.RELATIVE),
            "badge_enrolment_expiry_fits",
        ),
        (
            expiry("enrolment", kind=ExpiryKind.NEVER),
            "badge_enrolment_expiry_goes_with_its_type",
        ),
        ({"earn_type": EarnType.ISSUE_EARN}, "badge_enrolment_expiry_goes_with_its_type"),
    ],
)
def test_an_invalid_badge_cannot_be_stored(columns, constraint):
    with broken(constraint), transaction.atomic():
        BadgeMetaFactory(**columns)
    assert not BadgeMeta.objects.exists()


def test_names_of_badges_are_unique_by_case():
    BadgeMetaFactory(name="Spring")
    BadgeMetaFactory(name="spring")
    with broken("badge_name_is_unique"), transaction.atomic():
        BadgeMetaFactory(name="Spring")
    assert BadgeMeta.objects.count() == 2


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"kind": LimitKind.ROLLING_WINDOW, "unit": Unit.MONTHS, "length": 6},
        {"kind": LimitKind.FIXED_WINDOW, "unit": Unit.DAYS, "length": 5},
        {"kind": LimitKind.FIXED_WINDOW, **WEEKS, "first_weekday": 6},
    ],
)
def test_a_limit_of_every_kind_can_be_stored_and_read_as_it_was(columns):
    row = earn_limit(**columns)
    value = EarnLimit.objects.get().value
    assert EarnLimit.of(row.badge, value).value == value


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"max_earns": 0}, "limit_allows_at_least_one"),
        ({"unit": Unit.DAYS}, "limit_window_fits_its_kind"),
        ({"length": 1}, "limit_window_fits_its_kind"),
        ({"kind": LimitKind.ROLLING_WINDOW}, "limit_window_fits_its_kind"),
        (
            {"kind": LimitKind.ROLLING_WINDOW, "unit": Unit.DAYS, "length": 0},
            "limit_window_fits_its_kind",
        ),
        ({"kind": "NO_LIMIT", **WEEKS}, "limit_window_fits_its_kind"),
        (
            {"kind": LimitKind.FIXED_WINDOW, "unit": Unit.WEEKS, "length": 2},
            "limit_fixed_window_is_one_week_or_month",
        ),
        (
            {"kind": LimitKind.FIXED_WINDOW, "unit": Unit.MONTHS, "length": 2},
            "limit_fixed_window_is_one_week_or_month",
        ),
    ],
)
def test_an_invalid_limit_cannot_be_stored(columns, constraint):
    with broken(constraint), transaction.atomic():
        earn_limit(**columns)
    assert not EarnLimit.objects.exists()


def twin_badge_part(model, **columns):
    """Return a function that creates the same row for a badge in each call."""
    return lambda badge: model.objects.create(badge=badge, **columns)


@pytest.mark.parametrize(
    ("make", "constraint"),
    [
        (twin_badge_part(BadgeOwner, owner_type="Journeys"), "badge_has_each_owner_once"),
        (
            twin_badge_part(BadgeImage, tag="EARNED", name="a", url="https://a.example"),
            "badge_has_one_image_per_state",
        ),
        (lambda badge: ClaimFactory(badge=badge), "badge_is_claimed_once_each"),
        (lambda badge: earn_limit(badge=badge), "badge_has_each_kind_of_limit_once"),
        (lambda badge: BadgeRevisionFactory(badge=badge), "badge_version_is_recorded_once"),
        (twin_badge_part(EarnTally, day=date(2026, 3, 1)), "tally_has_one_row_per_day"),
    ],
)
def test_a_badge_has_each_of_its_parts_once(make, constraint):
    badge, other = BadgeMetaFactory(), BadgeMetaFactory()
    make(badge)
    make(other)
    with broken(constraint), transaction.atomic():
        make(badge)


@pytest.mark.parametrize("factory", [EnrolmentFactory, EarnedBadgeFactory])
@pytest.mark.parametrize(
    ("columns", "promise"),
    [
        ({"customer_id": 0}, "customer_is_positive"),
        ({"customer_id": -1}, "customer_is_positive"),
        ({"revoked_at": NOW}, "revocation_has_its_request"),
        ({"revoked": True, "revoked_at": None}, "revocation_has_its_request"),
    ],
)
def test_an_invalid_fact_cannot_be_stored(factory, columns, promise):
    model = factory._meta.model
    with broken(f"{model._meta.model_name}_{promise}"), transaction.atomic():
        factory(**columns)
    assert not model.objects.exists()


@pytest.mark.parametrize("expires_at", [NOW, LONG_AGO])
def test_an_enrolment_that_ends_before_it_begins_cannot_be_stored(expires_at):
    with broken("enrolment_starts_before_it_ends"), transaction.atomic():
        EnrolmentFactory(event_at=NOW, expires_at=expires_at)
    assert not Enrolment.objects.exists()


def test_a_request_id_is_accepted_once_and_refused_repeatedly():
    RequestLogFactory(request_id="2132")
    for _time in range(2):
        RequestLogFactory(request_id="2132", refused=True)
    with broken("request_id_is_accepted_once"), transaction.atomic():
        RequestLogFactory(request_id="2132")
    assert RequestLog.objects.accepted().count() == 1


@pytest.mark.parametrize(
    "columns", [{"code": 815}, {"outcome": "REFUSED"}, {"refused": True, "code": None}]
)
def test_a_request_has_a_code_exactly_when_it_is_refused(columns):
    with broken("request_has_a_code_when_refused"), transaction.atomic():
        RequestLogFactory(**columns)
    assert not RequestLog.objects.exists()


def test_a_request_has_at_most_one_actor():
    integrator, user = IntegratorFactory(), UserFactory()
    with broken("request_has_one_actor"), transaction.atomic():
        RequestLogFactory(channel=Channel.API, integrator=integrator, user=user)
    assert not RequestLog.objects.exists()


def test_names_of_integrators_are_unique():
    integrator = IntegratorFactory(name="Engine")
    with broken("integrator_name_is_unique"), transaction.atomic():
        IntegratorFactory(name="Engine")
    assert Integrator.objects.get() == integrator


@pytest.mark.parametrize(
    "facts",
    [EarnedBadgeFactory, EnrolmentFactory, BadgeRevisionFactory, ClaimFactory],
)
def test_a_definition_with_a_history_cannot_be_deleted(facts):
    fact = facts()
    with pytest.raises(ProtectedError):
        fact.badge.delete()
    assert BadgeMeta.objects.filter(pk=fact.badge_id).exists()


@pytest.mark.parametrize("facts", [EarnedBadgeFactory, EnrolmentFactory, BadgeRevisionFactory])
def test_a_request_with_an_effect_cannot_be_deleted(facts):
    fact = facts()
    with pytest.raises(ProtectedError):
        fact.request.delete()


@pytest.mark.parametrize("actor", ["integrator", "user"])
def test_an_actor_with_a_history_cannot_be_deleted(actor):
    person = {"integrator": IntegratorFactory, "user": UserFactory}[actor]()
    RequestLogFactory(**{actor: person})
    with pytest.raises(ProtectedError):
        person.delete()


def test_ids_are_24_lower_case_hex_characters_and_never_the_same():
    ids = {new_id() for _time in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch("[0-9a-f]{24}", each) for each in ids)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BadgeMetaFactory(name="Spring"), "Spring"),
        (lambda: BadgeRevisionFactory(badge__name="Spring"), "Spring v1"),
        (lambda: ClaimFactory(), "Loyalty 123694"),
        (lambda: EarnedBadgeFactory(badge__name="Spring", customer_id=7), "Spring / 7"),
        (lambda: RequestLogFactory(request_id="2132"), "Issue a badge 2132"),
        (lambda: earn_limit(max_earns=3), "Each customer: 3, Over the life of the badge"),
        (lambda: IntegratorFactory(name="Engine"), "Engine"),
    ],
)
def test_a_row_has_a_readable_string(make, words):
    assert str(make()) == words
