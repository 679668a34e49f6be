"""Factories: each creates a valid row from few arguments, and the same row in every run."""

from datetime import UTC, datetime

import factory
from django.contrib.auth.models import Group, User
from factory.django import DjangoModelFactory, Password

from badges.models import (
    BadgeMeta,
    BadgeOwner,
    BadgeRevision,
    Channel,
    Claim,
    EarnedBadge,
    EarnLimit,
    EarnType,
    Enrolment,
    ExpiryKind,
    Integrator,
    Operation,
    Owner,
    RequestLog,
    RequestOutcome,
)

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
# A live badge is live both at NOW and at the real time, which the API and the desk use.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)

CUSTOMER = 1001
LOYALTY = Owner("Loyalty", "123694")
PASSWORD = "correct horse battery staple"
SECRET = "a-secret-that-only-the-tests-know"


def badge_arguments(badge, origin, **changes) -> dict:
    """Return the arguments of a service that gives a badge at NOW for LOYALTY, with the changes.

    The request id and the customers are missing.
    """
    return {"origin": origin, "badge_id": badge.pk, "owner": LOYALTY, "now": NOW} | changes


def earn_arguments(badge, origin, **changes) -> dict:
    """Return the arguments of an earn by CUSTOMER at NOW, without a request id."""
    return badge_arguments(badge, origin, customer_id=CUSTOMER) | changes


class BadgeMetaFactory(DjangoModelFactory):
    """A live, active, direct badge without limits and claims, owned by Loyalty.

    `owners` is a list of owner types, `limits` a list of `Limit` values. `claimed` is True for a
    claim by LOYALTY, or a list of `Owner` values.
    """

    class Meta:
        model = BadgeMeta
        skip_postgeneration_save = True

    class Params:
        direct = factory.Trait(earn_type=EarnType.EARN, enrolment_expiry_kind="")
        enrolled = factory.Trait(
            earn_type=EarnType.ISSUE_EARN, enrolment_expiry_kind=ExpiryKind.WITH_BADGE
        )
        upcoming = factory.Trait(starts_at=datetime(2099, 1, 1, tzinfo=UTC))
        expired = factory.Trait(expires_at=datetime(2021, 1, 1, tzinfo=UTC))
        inactive = factory.Trait(active=False)

    name = factory.Sequence("Badge {}".format)
    earn_type = EarnType.EARN
    starts_at = LONG_AGO
    expires_at = FAR_AHEAD
    earned_expiry_kind = ExpiryKind.NEVER

    @factory.post_generation
    def owners(self, create, owner_types):
        for owner_type in ["Loyalty"] if owner_types is None else owner_types:
            BadgeOwner.objects.create(badge=self, owner_type=owner_type)

    @factory.post_generation
    def limits(self, create, limits):
        for limit in limits or ():
            EarnLimit.of(self, limit).save()

    @factory.post_generation
    def claimed(self, create, claims):
        for owner in [LOYALTY] if claims is True else claims or ():
            ClaimFactory(badge=self, owner_type=owner.owner_type, reference_id=owner.reference_id)


class ClaimFactory(DjangoModelFactory):
    """An active claim by LOYALTY."""

    class Meta:
        model = Claim

    badge = factory.SubFactory(BadgeMetaFactory)
    owner_type = LOYALTY.owner_type
    reference_id = LOYALTY.reference_id


class IntegratorFactory(DjangoModelFactory):
    """An active API client with the secret SECRET, in the access group Default.

    `access_groups` is a list of names.
    """

    class Meta:
        model = Integrator
        skip_postgeneration_save = True

    name = factory.Sequence("Integrator {}".format)
    client_id = factory.Sequence("integrator-{}".format)
    client_secret = SECRET
    client_type = Integrator.CLIENT_CONFIDENTIAL
    authorization_grant_type = Integrator.GRANT_CLIENT_CREDENTIALS

    @factory.post_generation
    def access_groups(self, create, names):
        names = ["Default"] if names is None else names
        self.access_groups.set([Group.objects.get(name=name) for name in names])


class UserFactory(DjangoModelFactory):
    """A member of staff with the password PASSWORD; `role` is the name of a group."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence("staff-{}".format)
    password = Password(PASSWORD)
    is_staff = True

    @factory.post_generation
    def role(self, create, name):
        if name:
            self.groups.add(Group.objects.get(name=name))


class RequestLogFactory(DjangoModelFactory):
    """An accepted request to issue a badge from the command line, without integrator and user."""

    class Meta:
        model = RequestLog

    class Params:
        refused = factory.Trait(
            outcome=RequestOutcome.REFUSED,
            code=815,
            errors=[{"code": 815, "message": "The badge is inactive or has not begun."}],
        )

    operation = Operation.EARN
    channel = Channel.COMMAND
    request_id = factory.Sequence("request-{}".format)
    outcome = RequestOutcome.ACCEPTED
    received_at = NOW


def refused_requests(count: int, **columns) -> None:
    """Write `count` refused requests in bulk."""
    rows = RequestLogFactory.build_batch(count, refused=True, **columns)
    RequestLog.objects.bulk_create(rows, batch_size=1_000)


class BadgeRevisionFactory(DjangoModelFactory):
    """The first version of a badge, as its creation stores it."""

    class Meta:
        model = BadgeRevision

    badge = factory.SubFactory(BadgeMetaFactory)
    version = 1
    request = factory.SubFactory(
        RequestLogFactory,
        operation=Operation.CREATE_BADGE,
        badge=factory.SelfAttribute("..badge"),
        request_id=None,
    )
    snapshot = factory.LazyAttribute(lambda revision: revision.badge.snapshot())


class FactFactory(DjangoModelFactory):
    """The common columns of enrolments and earned badges; `revoked=True` revokes it at NOW."""

    class Meta:
        abstract = True

    class Params:
        revoked = factory.Trait(
            revoked_at=NOW, revocation=factory.SubFactory(RequestLogFactory, request_id=None)
        )

    customer_id = CUSTOMER
    event_at = datetime(2026, 3, 1, tzinfo=UTC)
    expires_at = FAR_AHEAD
    owner_type = LOYALTY.owner_type
    reference_id = LOYALTY.reference_id
    request = factory.SubFactory(
        RequestLogFactory,
        badge=factory.SelfAttribute("..badge"),
        customer_id=factory.SelfAttribute("..customer_id"),
    )


class EnrolmentFactory(FactFactory):
    """An active enrolment from 1 March 2026 until the far future."""

    class Meta:
        model = Enrolment

    badge = factory.SubFactory(BadgeMetaFactory, enrolled=True)
    enrolled_at = factory.SelfAttribute("event_at")


class EarnedBadgeFactory(FactFactory):
    """An active earned badge, written directly to the table, so badge limits do not count it."""

    class Meta:
        model = EarnedBadge

    badge = factory.SubFactory(BadgeMetaFactory)
    earned_at = factory.SelfAttribute("event_at")
