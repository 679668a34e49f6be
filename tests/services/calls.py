"""The public services: writers with their calls, readers, and exemptions with the reason."""

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
    IssueReason,
    Operation,
    Owner,
    RequestLog,
)
from badges.services import receipts, request_log
from badges.services.access import authority, integrators, people, setup_links, sign_in
from badges.services.catalogue import definitions, groups, pictures, reasons, windows
from badges.services.catalogue.definitions import BadgeDraft
from badges.services.customers import confirmations, enrol, imports, limits, notes, revoke
from badges.services.customers.imports import ImportedBadge
from badges.services.customers.revoke import EnrolmentToRevoke
from badges.services.earning import earn, preview
from badges.services.record import archives, erasure, exports, seals, verifications, watermark
from badges.services.request_log import Origin
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
from tests.services.access import second_factors
from tests.services.access.second_factors import UNKNOWN_USER

NOWHERE = "0" * 24


@dataclass(frozen=True)
class Scene:
    """The origin of the calls, and existing rows."""

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


def earn_arguments(scene, **more):
    return scene.call(badge_id=scene.badge.pk, owner=LOYALTY, **more)


def enrolment_arguments(scene, **more):
    return scene.call(badge_id=scene.enrolled.pk, customer_ids=[CUSTOMER], **more)


def issued(scene):
    return EarnedBadgeFactory(badge=scene.badge)


def one_group():
    return Group.objects.create(name="Interns")


def one_reason():
    return IssueReason.objects.create(name="Kindness", rank=1)


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
    """Archive the only seal as that of a month."""
    seal = seals.seal_next()
    month = archives.Month("2026-02", seal.number, seal.number, seal.rows)
    archives.archive_month(
        origin=scene.origin, month=month, directory=Path(settings.MEDIA_ROOT) / "archives"
    )


# By service: its operation in the log, a valid call, and a call that is refused, if possible.
WRITERS = {
    "record.archives.archive_month": (Operation.ARCHIVE, archived, None),
    "record.erasure.erase_customer": (
        Operation.ERASE_CUSTOMER,
        lambda s: erasure.erase_customer(
            origin=s.origin, customer_id=EarnedBadgeFactory(customer_id=77).customer_id
        ),
        None,
    ),
    "record.exports.begin_export": (
        Operation.EXPORT,
        lambda s: exports.begin_export(
            origin=s.origin, ledger="issued", format=ExportFormat.CSV, query=""
        ),
        lambda s: exports.begin_export(
            origin=s.origin, ledger="nothing", format=ExportFormat.CSV, query=""
        ),
    ),
    "record.verifications.begin": (
        Operation.VERIFY,
        lambda s: verifications.begin(origin=s.origin),
        None,
    ),
    "earning.earn.earn_badge": (
        Operation.EARN,
        lambda s: earn.earn_badge(customer_id=CUSTOMER, **earn_arguments(s)),
        lambda s: earn.earn_badge(
            customer_id=CUSTOMER, **(earn_arguments(s) | {"badge_id": NOWHERE})
        ),
    ),
    "earning.earn.earn_badges": (
        Operation.EARN_BULK,
        lambda s: earn.earn_badges(customer_ids=[1, 2], **earn_arguments(s)),
        lambda s: earn.earn_badges(
            customer_ids=[1, 2], **(earn_arguments(s) | {"badge_id": NOWHERE})
        ),
    ),
    "customers.enrol.enrol_customers": (
        Operation.ENROL_BULK,
        lambda s: enrol.enrol_customers(**enrolment_arguments(s)),
        lambda s: enrol.enrol_customers(**(enrolment_arguments(s) | {"badge_id": NOWHERE})),
    ),
    "customers.revoke.revoke_earned": (
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
    "customers.revoke.revoke_many": (
        Operation.REVOKE_EARN,
        lambda s: revoke.revoke_many(earned_badge_ids=[issued(s).pk], **s.call()),
        lambda s: revoke.revoke_many(earned_badge_ids=[], **s.call()),
    ),
    "customers.revoke.revoke_request": (
        Operation.REVOKE_EARN,
        lambda s: revoke.revoke_request(issued_by=issued(s).request_id, **s.call()),
        lambda s: revoke.revoke_request(issued_by=0, **s.call()),
    ),
    "customers.revoke.revoke_enrolments": (
        Operation.REVOKE_ENROLMENT,
        lambda s: revoke.revoke_enrolments(
            badge_id=EnrolmentFactory(badge=s.enrolled).badge_id,
            enrolments=[EnrolmentToRevoke(CUSTOMER)],
            **s.call(),
        ),
        lambda s: revoke.revoke_enrolments(badge_id=s.enrolled.pk, enrolments=[], **s.call()),
    ),
    "customers.notes.add_note": (
        Operation.ADD_NOTE,
        lambda s: notes.add_note(
            origin=s.origin, request_id="note", customer_id=CUSTOMER, text="Called twice."
        ),
        lambda s: notes.add_note(
            origin=s.origin, request_id="note", customer_id=CUSTOMER, text=" "
        ),
    ),
    "customers.imports.import_earned": (
        Operation.IMPORT_EARNED,
        lambda s: imports.import_earned(
            items=[ImportedBadge(s.badge.pk, CUSTOMER, NOW, FAR_AHEAD)], **s.call()
        ),
        lambda s: imports.import_earned(items=[], **s.call(request_id=s.used.request_id)),
    ),
    "catalogue.definitions.create_badge": (
        Operation.CREATE_BADGE,
        lambda s: definitions.create_badge(origin=s.origin, draft=s.draft()),
        lambda s: definitions.create_badge(origin=s.origin, draft=s.draft(s.badge.name)),
    ),
    "catalogue.definitions.update_badge": (
        Operation.UPDATE_BADGE,
        lambda s: definitions.update_badge(
            origin=s.origin, badge_id=s.badge.pk, draft=changed(s.badge)
        ),
        lambda s: definitions.update_badge(
            origin=s.origin, badge_id=NOWHERE, draft=changed(s.badge)
        ),
    ),
    "catalogue.definitions.claim_badge": (
        Operation.CLAIM,
        lambda s: definitions.claim_badge(
            origin=s.origin, badge_id=s.badge.pk, owner=Owner("Loyalty", "new")
        ),
        lambda s: definitions.claim_badge(origin=s.origin, badge_id=NOWHERE, owner=LOYALTY),
    ),
    "catalogue.definitions.unclaim_badge": (
        Operation.UNCLAIM,
        lambda s: definitions.unclaim_badge(origin=s.origin, badge_id=s.badge.pk, owner=LOYALTY),
        lambda s: definitions.unclaim_badge(origin=s.origin, badge_id=NOWHERE, owner=LOYALTY),
    ),
    "catalogue.definitions.switch_badge": (
        Operation.DEACTIVATE_BADGE,
        lambda s: definitions.switch_badge(origin=s.origin, badge_id=s.badge.pk, active=False),
        lambda s: definitions.switch_badge(origin=s.origin, badge_id=NOWHERE, active=False),
    ),
    "catalogue.groups.create_group": (
        Operation.CREATE_GROUP,
        lambda s: groups.create_group(origin=s.origin, name="Sports", rank=1),
        lambda s: groups.create_group(origin=s.origin, name=s.group.name, rank=1),
    ),
    "catalogue.groups.update_group": (
        Operation.UPDATE_GROUP,
        lambda s: groups.update_group(origin=s.origin, group_id=s.group.pk, name="Games", rank=1),
        lambda s: groups.update_group(origin=s.origin, group_id=NOWHERE, name="Games", rank=1),
    ),
    "catalogue.groups.create_custom_field": (
        Operation.CREATE_CUSTOM_FIELD,
        lambda s: groups.create_custom_field(origin=s.origin, name="Tier", data_type="STRING"),
        lambda s: groups.create_custom_field(
            origin=s.origin, name="Tier", data_type="INTEGER", default_value="x"
        ),
    ),
    "catalogue.groups.update_custom_field": (
        Operation.UPDATE_CUSTOM_FIELD,
        lambda s: groups.update_custom_field(origin=s.origin, field_id=s.field.pk, name="Level"),
        lambda s: groups.update_custom_field(origin=s.origin, field_id=NOWHERE, name="Level"),
    ),
    "catalogue.reasons.create_reason": (
        Operation.CREATE_REASON,
        lambda s: reasons.create_reason(origin=s.origin, name="Kindness", rank=1),
        lambda s: reasons.create_reason(origin=s.origin, name=" ", rank=1),
    ),
    "catalogue.reasons.update_reason": (
        Operation.UPDATE_REASON,
        lambda s: reasons.update_reason(origin=s.origin, reason_id=one_reason().pk, rank=2),
        lambda s: reasons.update_reason(origin=s.origin, reason_id=NOWHERE, rank=2),
    ),
    "access.integrators.create_integrator": (
        Operation.CREATE_INTEGRATOR,
        lambda s: integrators.create_integrator(origin=s.origin, name="New", access_groups=[]),
        lambda s: integrators.create_integrator(
            origin=s.origin, name="Loyalty engine", access_groups=[]
        ),
    ),
    "access.integrators.update_integrator": (
        Operation.UPDATE_INTEGRATOR,
        lambda s: integrators.update_integrator(
            origin=s.origin, integrator_id=IntegratorFactory().pk, access_groups=[]
        ),
        lambda s: integrators.update_integrator(
            origin=s.origin, integrator_id=s.origin.integrator.pk, name=" "
        ),
    ),
    "access.integrators.rotate_secret": (
        Operation.ROTATE_SECRET,
        lambda s: integrators.rotate_secret(
            origin=s.origin, integrator_id=s.origin.integrator.pk, overlap=timedelta()
        ),
        lambda s: integrators.rotate_secret(origin=s.origin, integrator_id=0, overlap=timedelta()),
    ),
    "access.integrators.revoke_integrator": (
        Operation.UPDATE_INTEGRATOR,
        lambda s: integrators.revoke_integrator(
            origin=s.origin, integrator_id=s.origin.integrator.pk
        ),
        lambda s: integrators.revoke_integrator(origin=s.origin, integrator_id=0),
    ),
    "access.people.create_user": (
        Operation.CREATE_USER,
        lambda s: people.create_user(origin=s.origin, username="nina", password=PASSWORD),
        lambda s: people.create_user(origin=s.origin, username="nina", password="short"),
    ),
    "access.people.update_user": (
        Operation.UPDATE_USER,
        lambda s: people.update_user(origin=s.origin, user_id=UserFactory().pk, is_active=False),
        lambda s: people.update_user(origin=s.origin, user_id=0, is_active=False),
    ),
    "access.people.set_password": (
        Operation.SET_PASSWORD,
        lambda s: people.set_password(origin=s.origin, user_id=UserFactory().pk, password=PASSWORD),
        lambda s: people.set_password(origin=s.origin, user_id=0, password=PASSWORD),
    ),
    "access.people.invite_user": (
        Operation.CREATE_USER,
        lambda s: people.invite_user(origin=s.origin, username="nina"),
        lambda s: people.invite_user(origin=s.origin, username=""),
    ),
    "access.people.reset_password": (
        Operation.SET_PASSWORD,
        lambda s: people.reset_password(origin=s.origin, user_id=UserFactory().pk),
        lambda s: people.reset_password(origin=s.origin, user_id=0),
    ),
    "access.people.create_access_group": (
        Operation.CREATE_ACCESS_GROUP,
        lambda s: people.create_access_group(origin=s.origin, name="Interns"),
        lambda s: people.create_access_group(origin=s.origin, name="Auditor"),
    ),
    "access.people.update_access_group": (
        Operation.UPDATE_ACCESS_GROUP,
        lambda s: people.update_access_group(
            origin=s.origin, group_id=one_group().pk, name="Trainees", permissions=[]
        ),
        lambda s: people.update_access_group(
            origin=s.origin, group_id=0, name="Trainees", permissions=[]
        ),
    ),
    "access.people.delete_access_group": (
        Operation.DELETE_ACCESS_GROUP,
        lambda s: people.delete_access_group(origin=s.origin, group_id=one_group().pk),
        lambda s: people.delete_access_group(
            origin=s.origin, group_id=Group.objects.get(name="Auditor").pk
        ),
    ),
    "catalogue.pictures.store_picture": (
        Operation.KEEP_PICTURE,
        lambda s: pictures.store_picture(origin=s.origin, picture=picture()),
        None,
    ),
    "access.sign_in.sign_in": (
        Operation.SIGN_IN,
        lambda s: run(sign_in.sign_in(origin=s.origin, address="192.0.2.1")),
        None,
    ),
    "access.sign_in.sign_out": (
        Operation.SIGN_OUT,
        lambda s: run(sign_in.sign_out(origin=s.origin, address="192.0.2.1")),
        None,
    ),
    "access.sign_in.issue_token": (
        Operation.ISSUE_TOKEN,
        lambda s: run(sign_in.issue_token(origin=s.origin, address="192.0.2.1")),
        None,
    ),
    "receipts.record_receipt_read": (
        Operation.READ_RECEIPT,
        lambda s: receipts.record_receipt_read(origin=s.origin, receipt=RequestLogFactory()),
        None,
    ),
    **second_factors.WRITERS,
}

# Services that only read or preview.
READERS = {
    "access.integrators.lock_for_token": lambda s: integrators.lock_for_token(0),
    "access.authority.may_take_over": lambda s: authority.may_take_over(UNKNOWN_USER, UNKNOWN_USER),
    "access.authority.permissions_to_give": lambda s: list(
        authority.permissions_to_give(UNKNOWN_USER)
    ),
    "access.authority.groups_to_give": lambda s: list(authority.groups_to_give(UNKNOWN_USER)),
    "access.authority.rights_of": lambda s: authority.rights_of(UNKNOWN_USER),
    "catalogue.definitions.cached_definition": lambda s: definitions.cached_definition(s.badge.pk),
    "catalogue.definitions.reload": lambda s: definitions.reload(s.badge.pk),
    "catalogue.definitions.find_definition": lambda s: definitions.find_definition(None, LOYALTY),
    "earning.preview.preview_earn": lambda s: preview.preview_earn(
        origin=s.origin, customer_ids=[1, 2], badge_id=s.badge.pk
    ),
    "earning.preview.preview_earns": lambda s: preview.preview_earns(
        origin=s.origin,
        customer_id=CUSTOMER,
        badges=[s.badge.definition()],
        used=defaultdict(Counter),
    ),
    "customers.enrol.preview_enrolment": lambda s: enrol.preview_enrolment(
        origin=s.origin, customer_id=CUSTOMER, badge_id=s.enrolled.pk
    ),
    "customers.enrol.preview_enrolments": lambda s: enrol.preview_enrolments(
        origin=s.origin, customer_id=CUSTOMER, badges=[s.enrolled.definition()]
    ),
    "customers.confirmations.questions_about_earn": lambda s: confirmations.questions_about_earn(
        s.badge.pk, [CUSTOMER], NOW
    ),
    "customers.confirmations.questions_about_enrolment": lambda s: (
        confirmations.questions_about_enrolment([CUSTOMER])
    ),
    "record.archives.sealed_month": no_such_month,
    "record.erasure.preview_erasure": lambda s: erasure.preview_erasure(CUSTOMER),
    "record.erasure.pseudonym_of": lambda s: erasure.pseudonym_of(CUSTOMER),
    "record.watermark.committed_up_to": lambda s: watermark.committed_up_to(0, [1]),
    "customers.limits.used_by_customers": lambda s: limits.used_by_customers(
        s.badge.definition(), [CUSTOMER], event_at=NOW, now=NOW
    ),
    "customers.limits.used_by_all": lambda s: limits.used_by_all(
        s.badge.definition(), event_at=NOW, now=NOW
    ),
    "customers.limits.definitions_with_limits": lambda s: limits.definitions_with_limits(
        s.badge.limits.all()
    ),
    "customers.limits.cheapest_to_count": lambda s: limits.cheapest_to_count(
        s.badge.limits.all(), most_rows=1, now=NOW
    ),
    "customers.limits.used_of_badges": lambda s: limits.used_of_badges(
        [s.badge.definition()], CUSTOMER, event_at=NOW, now=NOW
    ),
    "catalogue.pictures.read_picture": lambda s: picture(),
    "catalogue.pictures.is_stored": lambda s: pictures.is_stored("badges/x.png"),
    "catalogue.pictures.name_of": lambda s: pictures.name_of("/media/badges/x.png"),
    "request_log.fingerprint": lambda s: request_log.fingerprint(customer=CUSTOMER),
    "customers.revoke.issued_badges": lambda s: list(revoke.issued_badges(1)),
    "customers.revoke.preview_revoke": lambda s: revoke.preview_revoke([NOWHERE]),
    "catalogue.windows.limits_to_keep": lambda s: windows.limits_to_keep(
        s.badge.definition(), [], now=NOW
    ),
    "catalogue.windows.cycles_between": lambda s: windows.cycles_between(
        NOW, NOW, limits=[], badge=s.badge.definition()
    ),
    "access.setup_links.owner_of_setup_link": lambda s: setup_links.owner_of_setup_link("x"),
    **second_factors.READERS,
}

# Services that write without a row of their own, with the reason.
EXEMPT = {
    "catalogue.groups.save_named": "saves a row for the services of groups, fields and reasons",
    "customers.confirmations.check_earn": "part of an earn, which has its row",
    "customers.confirmations.check_enrolment": "part of an enrolment, which has its row",
    "access.built_in_groups.install_roles": "it calls `people.install_access_group` (test_roles)",
    "access.account_keys.keep_key": "follows what another service saves",
    "access.account_keys.store_keys": "follows what another service saves",
    "access.authority.check_change": "part of a change, which has its row (test_authority)",
    "access.authority.check_take_over": "part of a change, which has its row (test_authority)",
    "access.authority.check_permissions": "part of a change, which has its row (test_authority)",
    "request_log.logged_request": "it is what leaves the row",
    "request_log.record_refusal": "it is what leaves the row, for the entry points",
    "access.people.set_password_by_link": "its row is by the owner of the link (test_people_page)",
    "access.setup_links.issue_setup_link": "part of a service, which has its row",
    "access.setup_links.withdraw_setup_link": "part of a service, which has its row",
    "access.setup_links.use_setup_link": "part of a service, which has its row",
    "access.sign_in.refuse_sign_in": "it leaves a refused row and does nothing else (test_sign_in)",
    "access.sign_in.refuse_integrator": (
        "it leaves a refused row and does nothing else (test_sign_in)"
    ),
    "idempotency.answer_once": "part of the request that is answered",
    "idempotency.store_answer": "part of the request that is answered",
    "earning.slow_path.earn_on_slow_path": "a part of `earn.earn_badge` (test_limits)",
    "earning.slow_path.earn_many_on_slow_path": "a part of `earn.earn_badges`",
    "earning.fast_path.try_fast_earn": "a part of `earn.earn_badge` (test_fast_path)",
    "earning.fast_path.accepting_badge": "part of `fast_path.try_fast_earn`: it writes nothing",
    "earning.fast_path.earn_accepted": "a part of `earn.earn_badge` (test_fast_path)",
    "earning.fast_path.earn_batch": "a part of `earn.earn_badge` (test_fast_earn)",
    "catalogue.definitions.lock_definition": "part of a service: it locks a badge",
    "catalogue.definitions.owners_concerned": "part of a service: it writes nothing",
    "catalogue.definitions.owners_of_fact": "part of a service: it reads the owners of a badge",
    "record.expired.remove_expired": "it removes what is no part of the record (test_expired)",
    "record.exports.stream_export": (
        "it goes on with what `begin_export` left a row of (test_exports)"
    ),
    **{
        f"access.preferences.{name}": "of a person alone, with a row of its own (test_preferences)"
        for name in ("choose_time_zone", "choose_table", "reset_table", "dismiss")
    },
    "record.filters.share_filter": "of a person alone, with a row of its own (test_filters)",
    "record.filters.delete_filter": "of a person alone, with a row of its own (test_filters)",
    "record.filters.save_filter": "of a person alone, with a row of its own (test_filters)",
    "access.integrators.invalidate_stamps": "part of a service: it ends what processes know",
    "customers.limits.add_to_tally": "part of a service: it keeps a count of the facts",
    "customers.limits.count_expressions": "the words of a question",
    "customers.limits.rebuild_tally": "part of a service: it makes a count of the facts",
    "customers.limits.used_by_pending": "arithmetic on values",
    "earning.bulk_insert.insert_earned": "part of a service: it writes the facts of a list",
    "customers.outcomes.record_refused_items": (
        "part of a service: the refused customers of its row"
    ),
    "earning.columns.columns_of": "a value",
    "earning.columns.type_of": "a value",
    "earning.decisions.check_call": "part of a service: it writes nothing",
    "earning.decisions.covering_enrolments": "part of a service: it writes nothing",
    "earning.decisions.decide": "part of a service: it writes nothing",
    "earning.decisions.decide_for_customer": "part of a service: it writes nothing",
    "earning.inserts.adapt_for_sqlite": "arithmetic on values",
    "earning.inserts.insert_if_current": "part of a service: it writes the row and its fact",
    "earning.inserts.run_insert": "part of a service: it writes the row and its fact",
    "earning.prepared.execute_prepared": "part of a service: it runs a statement",
    "access.people.install_access_group": "it comes with the tables; a later change has its row",
    "record.seals.seal_next": "it seals the rows; one of its own would have to be sealed in turn",
    "record.seals.seal_all": ("it seals the rows; one of its own would have to be sealed in turn"),
    "record.summaries.catch_up": "it counts the rows, and can do so again from nothing",
    "record.summaries.catch_up_all": "it counts the rows, and can do so again from nothing",
    "record.summaries.rebuild": "it counts the rows anew",
    "record.verifications.run": "it goes on with what `begin` left a row of",
    "record.verifications.continue_for": "it goes on with what `begin` left a row of",
    "request_log.lock_request_id": "part of a service: it locks a request id",
    "earning.group_commit.run_in_batches": "it calls the function that it is given",
    "earning.locked_insert.lock_count_insert": "part of a service: it writes the row and its fact",
    "versions.check_version": "part of a service: it compares a row that is locked",
    "versions.locked": "part of a service: it locks a row",
    "versions.save_changes": "part of a service: it writes what has changed",
    "versions.version_of": "a value",
    "earning.command.single_earn_command": "a value",
    "catalogue.windows.reference_id": "arithmetic on a value",
    "catalogue.windows.window_of": "arithmetic on values",
    **second_factors.EXEMPT,
}
