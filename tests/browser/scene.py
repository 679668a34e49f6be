"""The data of the pages in the browser tests: rows of every kind, created through the services."""

from datetime import timedelta
from types import SimpleNamespace

from django.contrib.auth.models import Group
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from badges.audit.filters import Filter
from badges.models import (
    BadgeGroup,
    Channel,
    CustomField,
    Export,
    IssueReason,
    Limit,
    LimitKind,
    LimitLevel,
    Owner,
    RequestLog,
)
from badges.services.access.integrators import rotate_secret
from badges.services.catalogue.definitions import (
    BadgeDraft,
    claim_badge,
    create_badge,
    update_badge,
)
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.notes import add_note
from badges.services.customers.revoke import revoke_many
from badges.services.earning.earn import earn_badge, earn_badges
from badges.services.record import summaries
from badges.services.record.exports import begin_export, stream_export
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import (
    CUSTOMER,
    FAR_AHEAD,
    LONG_AGO,
    LOYALTY,
    BadgeMetaFactory,
    IntegratorFactory,
    UserFactory,
)

LONG_NAME = "Donaudampfschifffahrtsgesellschaftsrundfahrt for explorers of the second year"
ONCE = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
FEW = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 10)


def people():
    """Create an administrator, an auditor with a second factor, and two other users."""
    maria = UserFactory(username="maria", role="MemberCare")
    UserFactory(username="nobody")
    paula = UserFactory(username="paula", role="Auditor")
    TOTPDevice.objects.create(user=paula, key=random_hex(), confirmed=True)
    root = UserFactory(username="root", is_superuser=True, first_name="Ruth", last_name="Oot")
    return SimpleNamespace(root=root, maria=maria)


def furnish():
    """Fill the database for the table of pages. Return the rows that the table names."""
    staff = people()
    root = staff.root
    desk = Origin(channel=Channel.MEMBERCARE, user=root, reason="Called in: a promise was made")
    engine = IntegratorFactory(name="Loyalty engine", client_id="loyalty-engine")
    api = Origin(channel=Channel.API, integrator=engine, content='{"requestId": "2132"}')
    badge, enrolled = _badges(desk)
    facts = _facts(desk, api, badge, enrolled)
    add_note(origin=desk, request_id="note", customer_id=1001, text="Lost the card in May.")
    summaries.catch_up_all()
    return SimpleNamespace(
        root=root,
        maria=staff.maria,
        group=Group.objects.get(name="MemberCare"),
        badge=badge,
        upcoming=BadgeMetaFactory(name="Winter explorer", upcoming=True),
        inactive=BadgeMetaFactory(name="Retired", inactive=True),
        enrolled=enrolled,
        claim=badge.claims.first(),
        integrator=engine,
        shelf=BadgeGroup.objects.create(name="Running", rank=1),
        reason=IssueReason.objects.create(name="Kindness", rank=1),
        field=CustomField.objects.create(name="Colour", data_type="STRING"),
        rotated=_rotated(desk),
        ended=IntegratorFactory(name="Campaigns of last year", active=False),
        **_exports(desk),
        **facts,
    )


def _badges(desk):
    """Create a badge with a history and limits, and one that needs an enrolment."""
    values = {
        "name": LONG_NAME,
        "description": "For those who were away for a weekend.\nOnce.",
        "earn_type": "EARN",
        "active": True,
        "starts_at": LONG_AGO,
        "expires_at": timezone.now() + timedelta(days=5),
        "earned_expiry_kind": "NEVER",
    }
    draft = BadgeDraft(values=values, owners=["Loyalty", "Journeys"], limits=[ONCE])
    badge = create_badge(origin=desk, draft=draft)
    claim_badge(origin=desk, badge_id=badge.pk, owner=LOYALTY)
    claim_badge(origin=desk, badge_id=badge.pk, owner=Owner("Journeys", "journey-of-the-summer"))
    changed = BadgeDraft(
        values={"name": LONG_NAME, "rank": 3, "earned_expiry_kind": "WITH_BADGE_META"},
        owners=["Loyalty", "Journeys"],
        limits=[ONCE, FEW],
    )
    update_badge(origin=desk, badge_id=badge.pk, draft=changed)
    BadgeMetaFactory(name="Early bird", expired=True)
    for number in range(16):  # for two pages of badges
        BadgeMetaFactory(name=f"Zebra {number}", claimed=True)
    return badge, BadgeMetaFactory(name="Summer", enrolled=True, claimed=True)


def _facts(desk, api, badge, enrolled):
    """Issue, refuse, revoke, reissue and enrol, through the API and the desk."""
    call = {"origin": desk, "badge_id": badge.pk}
    one = earn_badge(request_id="desk-1", customer_id=CUSTOMER, **call)
    rows = earn_badges(request_id="list-1", customer_ids=[CUSTOMER, *range(1, 9)], **call)
    enrolment = enrol_customers(
        origin=desk, request_id="enrol-1", badge_id=enrolled.pk, customer_ids=[CUSTOMER]
    ).facts[0]
    given = earn_badge(
        origin=api, request_id="a" * 100, customer_id=2**63 - 1, badge_id=badge.pk, owner=LOYALTY
    )
    with refused(2001):
        earn_badge(
            origin=api, request_id="no", customer_id=CUSTOMER, badge_id=badge.pk, owner=LOYALTY
        )
    revoked = rows.facts[0]
    revocation = revoke_many(
        origin=desk, request_id="revoke-1", earned_badge_ids=[revoked.pk, given.pk]
    ).request
    earn_badge(request_id="again-1", customer_id=revoked.customer_id, reissue_of=revoked.pk, **call)
    return {
        "one": one,
        "given": given,
        "bulk": rows.request,
        "enrolment": enrolment,
        "refused": RequestLog.objects.get(code=2001),
        "revocation": revocation,
    }


def _exports(desk):
    """Create an aborted export and a complete one."""
    broken, fetched = (
        begin_export(origin=desk, ledger="issued", format="CSV", query=query)
        for query in (f"customer_id={CUSTOMER}", "")
    )
    begun, whole = (
        stream_export(each, origin=desk, filters=Filter()) for each in (broken, fetched)
    )
    next(begun)
    begun.close()
    b"".join(whole)
    Export.objects.filter(pk=broken.pk).update(seen_at=LONG_AGO)
    return {"broken": broken, "fetched": fetched}


def _rotated(desk):
    """Return an integrator with every restriction and two valid secrets."""
    integrator = IntegratorFactory(
        name="Journeys of the subsidiary in the north",
        owner_types=["Journeys", "Loyalty"],
        ends_at=FAR_AHEAD,
    )
    integrator.access_groups.set(Group.objects.all())
    rotate_secret(origin=desk, integrator_id=integrator.pk, overlap=timedelta(days=1))
    return integrator
