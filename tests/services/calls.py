"""The public services: writers with their calls, readers, and the exempt with the reason."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from PIL import Image

from badges.errors import BadgeError
from badges.models import (
    BadgeGroup,
    BadgeMeta,
    CustomField,
    ExportFormat,
    Integrator,
    Operation,
    Owner,
    RequestLog,
)
from badges.services import (
    access,
    archives,
    definitions,
    earn,
    enrol,
    erasure,
    exports,
    groups,
    imports,
    integrators,
    limits,
    look_ups,
    people,
    pictures,
    requests,
    revoke,
    seals,
    settled,
    verifications,
    windows,
)
from badges.services.definitions import BadgeDraft
from badges.services.imports import EarnedBefore
from badges.services.requests import Origin
from badges.services.revoke import EnrolmentToRevoke
from tests.factories import (
    CUSTOMER,
    FAR_AHEAD,
    LOYALTY,
    NOW,
    PASSWORD,
    EarnedBadgeFactory,
    EnrolmentFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
)
from tests.services import second_factors

NOWHERE = "0" * 24


@dataclass(frozen=True)
class Scene:
    """Who asks, and what there is already."""

    origin: Origin
    badge: BadgeMeta
    enrolled: BadgeMeta
    group: BadgeGroup
    field: CustomField
    used: RequestLog

    def draft(self, name="Another"):
        values = {
            "name": name,
            "earn_type": "EARN",
            "active": True,
            "starts_at": NOW,
            "expires_at": FAR_AHEAD,
            "earned_expiry_kind": "NEVER",
        }
        return BadgeDraft(values=values, owners=["Loyalty"])

    def call(self, **more):
        return {"origin": self.origin, "request_id": "2132", "now": NOW, **more}


def picture():
    content = BytesIO()
    Image.new("RGB", (32, 32), "teal").save(content, "PNG")
    return pictures.read_picture(BytesIO(content.getvalue()))


def wish(scene, **more):
    return scene.call(badge_id=scene.badge.pk, owner=LOYALTY, **more)


def enrolment_wish(scene, **more):
    return scene.call(badge_id=scene.enrolled.pk, customer_ids=[CUSTOMER], **more)


def issued(scene):
    return EarnedBadgeFactory(badge=scene.badge)


def one_group():
    return Group.objects.create(name="Interns")


def changed(badge):
    values = {"name": badge.name, "expires_at": FAR_AHEAD, "description": "New"}
    return BadgeDraft(values=values, owners=["Loyalty"])


def run(context):
    with context as row:
        return row


def no_such_month(_scene):
    with pytest.raises(BadgeError):
        archives.sealed_month(2020, 1)


def archived(scene):
    """Archive the one seal there is, as that of a month."""
    seal = seals.seal_next()
    month = archives.Month("2026-02", seal.number, seal.number, seal.rows)
    archives.archive_month(
        origin=scene.origin, month=month, directory=Path(settings.MEDIA_ROOT) / "archives"
    )


# By service: what it leaves, a call that it accepts, and one that it refuses where it can.
WRITERS = {
    "archives.archive_month": (Operation.ARCHIVE, archived, None),
    "erasure.erase_customer": (
        Operation.ERASE_CUSTOMER,
        lambda s: erasure.erase_customer(
            origin=s.origin, customer_id=EarnedBadgeFactory(customer_id=77).customer_id
        ),
        None,
    ),
    "exports.begin_export": (
        Operation.EXPORT,
        lambda s: exports.begin_export(
            origin=s.origin, ledger="issued", format=ExportFormat.CSV, query=""
        ),
        lambda s: exports.begin_export(
            origin=s.origin, ledger="nothing", format=ExportFormat.CSV, query=""
        ),
    ),
    "verifications.begin": (
        Operation.VERIFY,
        lambda s: verifications.begin(origin=s.origin),
        None,
    ),
    "earn.earn_badge": (
        Operation.EARN,
        lambda s: earn.earn_badge(customer_id=CUSTOMER, **wish(s)),
        lambda s: earn.earn_badge(customer_id=CUSTOMER, **(wish(s) | {"badge_id": NOWHERE})),
    ),
    "earn.earn_badges": (
        Operation.EARN_BULK,
        lambda s: earn.earn_badges(customer_ids=[1, 2], **wish(s)),
        lambda s: earn.earn_badges(customer_ids=[1, 2], **(wish(s) | {"badge_id": NOWHERE})),
    ),
    "enrol.enrol_customers": (
        Operation.ENROL_BULK,
        lambda s: enrol.enrol_customers(**enrolment_wish(s)),
        lambda s: enrol.enrol_customers(**(enrolment_wish(s) | {"badge_id": NOWHERE})),
    ),
    "revoke.revoke_earned": (
        Operation.REVOKE_EARN,
        lambda s: revoke.revoke_earned(
            badge_id=s.badge.pk,
            customer_id=CUSTOMER,
            earned_badge_id=issued(s).pk,
            **s.call(),
        ),
        lambda s: revoke.revoke_earned(
            badge_id=s.badge.pk, customer_id=CUSTOMER, earned_badge_id=NOWHERE, **s.call()
        ),
    ),
    "revoke.revoke_many": (
        Operation.REVOKE_EARN,
        lambda s: revoke.revoke_many(earned_badge_ids=[issued(s).pk], **s.call()),
        lambda s: revoke.revoke_many(earned_badge_ids=[], **s.call()),
    ),
    "revoke.revoke_request": (
        Operation.REVOKE_EARN,
        lambda s: revoke.revoke_request(issued_by=issued(s).request_id, **s.call()),
        lambda s: revoke.revoke_request(issued_by=0, **s.call()),
    ),
    "revoke.revoke_enrolments": (
        Operation.REVOKE_ENROLMENT,
        lambda s: revoke.revoke_enrolments(
            badge_id=EnrolmentFactory(badge=s.enrolled).badge_id,
            wanted=[EnrolmentToRevoke(CUSTOMER)],
            **s.call(),
        ),
        lambda s: revoke.revoke_enrolments(badge_id=s.enrolled.pk, wanted=[], **s.call()),
    ),
    "imports.import_earned": (
        Operation.IMPORT_EARNED,
        lambda s: imports.import_earned(
            items=[EarnedBefore(s.badge.pk, CUSTOMER, NOW, FAR_AHEAD)], **s.call()
        ),
        lambda s: imports.import_earned(items=[], **s.call(request_id=s.used.request_id)),
    ),
    "definitions.create_badge": (
        Operation.CREATE_BADGE,
        lambda s: definitions.create_badge(origin=s.origin, draft=s.draft()),
        lambda s: definitions.create_badge(origin=s.origin, draft=s.draft(s.badge.name)),
    ),
    "definitions.update_badge": (
        Operation.UPDATE_BADGE,
        lambda s: definitions.update_badge(
            origin=s.origin, badge_id=s.badge.pk, draft=changed(s.badge)
        ),
        lambda s: definitions.update_badge(
            origin=s.origin, badge_id=NOWHERE, draft=changed(s.badge)
        ),
    ),
    "definitions.claim_badge": (
        Operation.CLAIM,
        lambda s: definitions.claim_badge(
            origin=s.origin, badge_id=s.badge.pk, owner=Owner("Loyalty", "new")
        ),
        lambda s: definitions.claim_badge(origin=s.origin, badge_id=NOWHERE, owner=LOYALTY),
    ),
    "definitions.unclaim_badge": (
        Operation.UNCLAIM,
        lambda s: definitions.unclaim_badge(origin=s.origin, badge_id=s.badge.pk, owner=LOYALTY),
        lambda s: definitions.unclaim_badge(origin=s.origin, badge_id=NOWHERE, owner=LOYALTY),
    ),
    "definitions.switch_badge": (
        Operation.DEACTIVATE_BADGE,
        lambda s: definitions.switch_badge(origin=s.origin, badge_id=s.badge.pk, active=False),
        lambda s: definitions.switch_badge(origin=s.origin, badge_id=NOWHERE, active=False),
    ),
    "groups.create_group": (
        Operation.CREATE_GROUP,
        lambda s: groups.create_group(origin=s.origin, name="Sports", rank=1),
        lambda s: groups.create_group(origin=s.origin, name=s.group.name, rank=1),
    ),
    "groups.update_group": (
        Operation.UPDATE_GROUP,
        lambda s: groups.update_group(origin=s.origin, group_id=s.group.pk, name="Games", rank=1),
        lambda s: groups.update_group(origin=s.origin, group_id=NOWHERE, name="Games", rank=1),
    ),
    "groups.create_custom_field": (
        Operation.CREATE_CUSTOM_FIELD,
        lambda s: groups.create_custom_field(origin=s.origin, name="Tier", data_type="STRING"),
        lambda s: groups.create_custom_field(
            origin=s.origin, name="Tier", data_type="INTEGER", default_value="x"
        ),
    ),
    "groups.update_custom_field": (
        Operation.UPDATE_CUSTOM_FIELD,
        lambda s: groups.update_custom_field(origin=s.origin, field_id=s.field.pk, name="Level"),
        lambda s: groups.update_custom_field(origin=s.origin, field_id=NOWHERE, name="Level"),
    ),
    "integrators.create_integrator": (
        Operation.CREATE_INTEGRATOR,
        lambda s: integrators.create_integrator(origin=s.origin, name="New", access_groups=[]),
        lambda s: integrators.create_integrator(
            origin=s.origin, name="Loyalty engine", access_groups=[]
        ),
    ),
    "integrators.update_integrator": (
        Operation.UPDATE_INTEGRATOR,
        lambda s: integrators.update_integrator(
            origin=s.origin, integrator=IntegratorFactory(), access_groups=[]
        ),
        lambda s: integrators.update_integrator(
            origin=s.origin, integrator=Integrator(name=" "), access_groups=[]
        ),
    ),
    "integrators.rotate_secret": (
        Operation.ROTATE_SECRET,
        lambda s: integrators.rotate_secret(
            origin=s.origin, integrator_id=s.origin.integrator.pk, overlap=timedelta()
        ),
        lambda s: integrators.rotate_secret(origin=s.origin, integrator_id=0, overlap=timedelta()),
    ),
    "integrators.revoke_integrator": (
        Operation.UPDATE_INTEGRATOR,
        lambda s: integrators.revoke_integrator(
            origin=s.origin, integrator_id=s.origin.integrator.pk
        ),
        lambda s: integrators.revoke_integrator(origin=s.origin, integrator_id=0),
    ),
    "people.create_user": (
        Operation.CREATE_USER,
        lambda s: people.create_user(origin=s.origin, username="nina", password=PASSWORD),
        lambda s: people.create_user(origin=s.origin, username="nina", password="short"),
    ),
    "people.update_user": (
        Operation.UPDATE_USER,
        lambda s: people.update_user(origin=s.origin, user_id=UserFactory().pk, is_active=False),
        lambda s: people.update_user(origin=s.origin, user_id=0, is_active=False),
    ),
    "people.set_password": (
        Operation.SET_PASSWORD,
        lambda s: people.set_password(origin=s.origin, user_id=UserFactory().pk, password=PASSWORD),
        lambda s: people.set_password(origin=s.origin, user_id=0, password=PASSWORD),
    ),
    "people.create_access_group": (
        Operation.CREATE_ACCESS_GROUP,
        lambda s: people.create_access_group(origin=s.origin, name="Interns"),
        lambda s: people.create_access_group(origin=s.origin, name="Auditor"),
    ),
    "people.update_access_group": (
        Operation.UPDATE_ACCESS_GROUP,
        lambda s: people.update_access_group(
            origin=s.origin, group_id=one_group().pk, name="Trainees", permissions=[]
        ),
        lambda s: people.update_access_group(
            origin=s.origin, group_id=0, name="Trainees", permissions=[]
        ),
    ),
    "people.delete_access_group": (
        Operation.DELETE_ACCESS_GROUP,
        lambda s: people.delete_access_group(origin=s.origin, group_id=one_group().pk),
        lambda s: people.delete_access_group(
            origin=s.origin, group_id=Group.objects.get(name="Auditor").pk
        ),
    ),
    "pictures.keep_picture": (
        Operation.KEEP_PICTURE,
        lambda s: pictures.keep_picture(origin=s.origin, picture=picture()),
        None,
    ),
    "access.sign_in": (
        Operation.SIGN_IN,
        lambda s: run(access.sign_in(origin=s.origin, address="192.0.2.1")),
        None,
    ),
    "access.sign_out": (
        Operation.SIGN_OUT,
        lambda s: run(access.sign_out(origin=s.origin, address="192.0.2.1")),
        None,
    ),
    "access.issue_token": (
        Operation.ISSUE_TOKEN,
        lambda s: run(access.issue_token(origin=s.origin, address="192.0.2.1")),
        None,
    ),
    "look_ups.look_up_receipt": (
        Operation.READ_RECEIPT,
        lambda s: look_ups.look_up_receipt(origin=s.origin, receipt=RequestLogFactory()),
        None,
    ),
    **second_factors.WRITERS,
}

# What only says what is or what would be.
READERS = {
    "definitions.definition_of": lambda s: definitions.definition_of(s.badge.pk),
    "definitions.reload": lambda s: definitions.reload(s.badge.pk),
    "definitions.sought": lambda s: definitions.sought(None, LOYALTY),
    "earn.preview_earn": lambda s: earn.preview_earn(
        origin=s.origin, customer_id=CUSTOMER, badge_id=s.badge.pk
    ),
    "earn.preview_earn_many": lambda s: earn.preview_earn_many(
        origin=s.origin, customer_ids=[1, 2], badge_id=s.badge.pk
    ),
    "earn.preview_earns": lambda s: earn.preview_earns(
        origin=s.origin,
        customer_id=CUSTOMER,
        badges=[s.badge.definition()],
        used=defaultdict(Counter),
    ),
    "enrol.preview_enrolment": lambda s: enrol.preview_enrolment(
        origin=s.origin, customer_id=CUSTOMER, badge_id=s.enrolled.pk
    ),
    "enrol.preview_enrolments": lambda s: enrol.preview_enrolments(
        origin=s.origin, customer_id=CUSTOMER, badges=[s.enrolled.definition()]
    ),
    "archives.sealed_month": no_such_month,
    "erasure.preview_erasure": lambda s: erasure.preview_erasure(CUSTOMER),
    "erasure.pseudonym_of": lambda s: erasure.pseudonym_of(CUSTOMER),
    "settled.settled_until": lambda s: settled.settled_until(0, [1]),
    "limits.used_by_customers": lambda s: limits.used_by_customers(
        s.badge.definition(), [CUSTOMER], event_at=NOW, now=NOW
    ),
    "limits.used_by_all": lambda s: limits.used_by_all(s.badge.definition(), event_at=NOW, now=NOW),
    "limits.limited": lambda s: limits.limited(s.badge.limits.all()),
    "limits.used_of_badges": lambda s: limits.used_of_badges(
        [s.badge.definition()], CUSTOMER, event_at=NOW, now=NOW
    ),
    "pictures.read_picture": lambda s: picture(),
    "pictures.is_kept": lambda s: pictures.is_kept("badges/x.png"),
    "pictures.name_of": lambda s: pictures.name_of("/media/badges/x.png"),
    "requests.fingerprint": lambda s: requests.fingerprint(customer=CUSTOMER),
    "revoke.issued_badges": lambda s: list(revoke.issued_badges(1)),
    "revoke.preview_revoke": lambda s: revoke.preview_revoke([NOWHERE]),
    "windows.carried_over": lambda s: windows.carried_over(s.badge.definition(), [], now=NOW),
    "windows.cycles_between": lambda s: windows.cycles_between(
        NOW, NOW, limits=[], badge=s.badge.definition()
    ),
    **second_factors.READERS,
}

# What writes without a row of its own, and why.
EXEMPT = {
    "requests.attempt": "it is what leaves the row",
    "requests.record_refusal": "it is what leaves the row, for the doors",
    "access.refuse_sign_in": "it leaves a refused row and does nothing else (test_access)",
    "access.refuse_integrator": "it leaves a refused row and does nothing else (test_access)",
    "answers.answered_once": "part of the request that is answered",
    "answers.keep": "part of the request that is answered",
    "at_once.earn_at_once": "a way of `earn.earn_badge`, and of the API's lane (test_at_once)",
    "definitions.held": "part of a service: it locks a badge",
    "exports.deliver": "it goes on with what `begin_export` left a row of (test_exports)",
    "filters.delete_filter": "of a person alone, with a row of its own (test_filters)",
    "filters.save_filter": "of a person alone, with a row of its own (test_filters)",
    "integrators.forget": "part of a service: it ends what processes know",
    "limits.add_to_tally": "part of a service: it keeps a count of the facts",
    "limits.asked_for_one": "the words of a question",
    "limits.rebuild_tally": "part of a service: it makes a count of the facts",
    "limits.used_by_others": "arithmetic on values",
    "listed.write_earned": "part of a service: it writes the facts of a list",
    "outcomes.record_refused": "part of a service: the refused customers of its row",
    "posting.adapted": "arithmetic on values",
    "posting.post": "part of a service: it writes the row and its fact",
    "posting.posted_at_once": "part of a service: it writes the row and its fact",
    "statements.run": "part of a service: it runs a statement",
    "people.install_access_group": "it comes with the tables; a later change has its row",
    "seals.seal_next": "it seals the rows; one of its own would have to be sealed in turn",
    "seals.seal_entirely": "it seals the rows; one of its own would have to be sealed in turn",
    "summaries.catch_up": "it counts the rows, and can do so again from nothing",
    "summaries.catch_up_entirely": "it counts the rows, and can do so again from nothing",
    "summaries.rebuild": "it counts the rows anew",
    "verifications.run": "it goes on with what `begin` left a row of",
    "verifications.go_on": "it goes on with what `begin` left a row of",
    "requests.reserve": "part of a service: it locks a request id",
    "weighing.weigh": "part of a service: it writes the row and its fact",
    "wishes.wish_for_one": "a value",
    "windows.reference_id": "arithmetic on a value",
    "windows.window_of": "arithmetic on values",
    **second_factors.EXEMPT,
}
