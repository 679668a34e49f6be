"""Use the API through the client that openapi-python-client generated.

python walk.py ADDRESS CLIENT_ID CLIENT_SECRET
"""

import base64
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from badges_client import AuthenticatedClient
from badges_client.api.badge import claim_badge, create_badge, get_badge, list_badges, update_badge
from badges_client.api.customer import earn, earn_bulk, list_customer_badges, revoke_earn
from badges_client.api.enrolment import enrol, revoke_enrolments
from badges_client.api.import_ import import_badges
from badges_client.api.management import get_member_badge
from badges_client.api.requests import get_receipt
from badges_client.api.token import issue_token
from badges_client.models import (
    BadgeCreatedEnvelope,
    BadgeEnvelope,
    BadgeRequest,
    BadgesEnvelope,
    BadgeStatus,
    BadgeUpdateRequest,
    BadgeWithStatisticsEnvelope,
    ClaimEnvelope,
    CustomerBadgeList,
    CustomerBadgesEnvelope,
    CustomerConstraintRequest,
    CustomerConstraintType,
    EarnBulkEnvelope,
    EarnBulkRequest,
    EarnEnvelope,
    EarnRequest,
    EarnType,
    EnrolEnvelope,
    EnrolRequest,
    ExpiryRequest,
    ExpiryType,
    Failure,
    ImportItemRequest,
    MemberBadgeEnvelope,
    OwnerRequest,
    OwnershipRequest,
    OwnerType,
    ReceiptEnvelope,
    ReceiptOperation,
    RevokeEarnEnvelope,
    RevokeEarnRequest,
    RevokeEnrolmentsEnvelope,
    RevokeEnrolmentsRequest,
    TokenAnswer,
    TokenRequest,
    TriggeredByRequest,
    Unit,
    Weekday,
)
from badges_client.types import UNSET

T = TypeVar("T")
RUN = uuid.uuid4().hex
TRIGGER = TriggeredByRequest(owner_type=OwnerType.LOYALTY, reference_id="123694")
FIRST, SECOND, THIRD = 62090013, 62090014, 62090015


def expect(kind: type[T], answer: object) -> T:
    """Return a response of the expected type."""
    assert isinstance(answer, kind), answer
    return answer


def token_of(address: str, client_id: str, secret: str) -> str:
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    basic = AuthenticatedClient(address, token=pair, prefix="Basic")
    form = TokenRequest(grant_type="client_credentials", scope="badges")
    answer = expect(TokenAnswer, issue_token.sync(client=basic, body=form))
    assert answer.expires_in > 0
    return answer.access_token


def create(client: AuthenticatedClient, earn_type: EarnType) -> str:
    """Create a badge, send it back with a change, and claim it."""
    body = BadgeRequest(
        name=f"{earn_type} {RUN}",
        earn_type=earn_type,
        active=True,
        start_on_iso=datetime(2026, 1, 1, tzinfo=UTC),
        expires_on_iso=datetime(2090, 1, 1, tzinfo=UTC),
        earned_badge_expiry=ExpiryRequest(
            expiry_type=ExpiryType.RELATIVE, relative_expirytype=Unit.WEEKS, value=2
        ),
        issued_badge_expiry=(
            ExpiryRequest(expiry_type=ExpiryType.NEVER)
            if earn_type is EarnType.ISSUE_EARN
            else None
        ),
        ownership=OwnershipRequest(restricted_to_owners=[OwnerType.LOYALTY]),
        customer_constraints=[
            CustomerConstraintRequest(
                constraint_type=CustomerConstraintType.CUSTOMER_BADGE_FIXED_WINDOW,
                duration_type=Unit.WEEKS,
                start_day_of_the_week=Weekday.MONDAY,
                max_earn_limit=5,
            )
        ],
    )
    created = expect(BadgeCreatedEnvelope, create_badge.sync(client=client, body=body)).data
    assert created.badge_group_id is None
    again = BadgeUpdateRequest.from_dict(body.to_dict() | {"id": created.id, "badgeRank": 3})
    changed = expect(BadgeEnvelope, update_badge.sync(client=client, body=again)).data
    assert changed.badge_rank == 3
    owner = OwnerRequest(owner_type=OwnerType.LOYALTY, reference_id="123694")
    claim = expect(ClaimEnvelope, claim_badge.sync(created.id, client=client, body=owner)).data
    assert claim.owner_type is OwnerType.LOYALTY
    return created.id


def receipt(
    client: AuthenticatedClient, request_id: int | str, operation: ReceiptOperation
) -> ReceiptEnvelope:
    """Return the receipt of a request, and check that it has the same request id."""
    answer = get_receipt.sync(str(request_id), client=client)
    found = expect(ReceiptEnvelope, answer)
    assert (found.data.request_id, found.data.operation) == (request_id, operation)
    return found


def enrolled(client: AuthenticatedClient, badge_id: str) -> None:
    """Enrol customers, give them the badge in one call, and revoke an enrolment."""
    body = EnrolRequest(
        badge_meta_id=badge_id,
        customers=[FIRST, SECOND],
        request_id=f"{RUN}-enrol",
        triggered_by=TRIGGER,
    )
    done = expect(EnrolEnvelope, enrol.sync(client=client, body=body)).data
    assert [item.error for item in done.issued_badges] == [None, None]
    result = receipt(client, f"{RUN}-enrol", ReceiptOperation.ENROL_BULK).data
    assert result.triggered_by is not None
    assert result.expires_on_iso is not None
    assert {item.issued_id for item in result.outcomes} == {
        item.issued_id for item in done.issued_badges
    }

    many = EarnBulkRequest(
        badge_meta_id=badge_id,
        customer_ids=[FIRST, SECOND, THIRD],
        request_id=f"{RUN}-bulk",
        triggered_by=TRIGGER,
    )
    given = expect(EarnBulkEnvelope, earn_bulk.sync(client=client, body=many)).data
    assert (given.earned_count, given.failed_count) == (2, 1)
    result = receipt(client, f"{RUN}-bulk", ReceiptOperation.EARN_BULK).data
    assert (result.failed_count, result.customer_id) == (1, None)
    refused = EarnBulkRequest.from_dict(
        many.to_dict() | {"customerIds": [THIRD], "requestId": f"{RUN}-none"}
    )
    expect(EarnBulkEnvelope, earn_bulk.sync(client=client, body=refused))
    result = receipt(client, f"{RUN}-none", ReceiptOperation.EARN_BULK).data
    assert result.earn_event_date_iso is result.expires_on_iso is None

    revoke = RevokeEnrolmentsRequest(
        badge_meta_id=badge_id, customers=[FIRST], request_id=f"{RUN}-revoke-enrolment"
    )
    answer = revoke_enrolments.sync(client=client, body=revoke)
    revoked = expect(RevokeEnrolmentsEnvelope, answer).data
    assert [item.error for item in revoked.revoked_issued_badges] == [None]
    result = receipt(client, f"{RUN}-revoke-enrolment", ReceiptOperation.REVOKE_ENROLMENT).data
    assert result.triggered_by is None


def given(client: AuthenticatedClient, badge_id: str) -> None:
    """Give a badge once, expect a refusal of the repeat, read the receipt, and revoke the badge."""
    number = uuid.uuid4().int % 10**15
    body = EarnRequest(
        badge_meta_id=badge_id, customer_id=FIRST, request_id=number, triggered_by=TRIGGER
    )
    earned = expect(EarnEnvelope, earn.sync(client=client, body=body, idempotency_key=RUN)).data
    repeat = expect(Failure, earn.sync(client=client, body=body))
    assert [error.code for error in repeat.errors] == [809]
    result = receipt(client, number, ReceiptOperation.EARN).data
    assert result.earned_badge_id == earned.earned_badge_id
    assert result.earn_event_date_iso is not None

    held = list_customer_badges.sync(
        FIRST, client=client, badge_type=CustomerBadgeList.EARNED, group_id=UNSET
    )
    newest = expect(CustomerBadgesEnvelope, held).data.badges[0]
    assert newest.earned_badge_id == earned.earned_badge_id
    detail = get_member_badge.sync(FIRST, badge_id, client=client, include_statistics=True)
    assert expect(MemberBadgeEnvelope, detail).data.active_earned_count == 1

    revoke = RevokeEarnRequest(
        badge_meta_id=badge_id,
        customer_id=FIRST,
        earned_badge_id=earned.earned_badge_id,
        request_id=f"{RUN}-revoke",
    )
    expect(RevokeEarnEnvelope, revoke_earn.sync(client=client, body=revoke))
    result = receipt(client, f"{RUN}-revoke", ReceiptOperation.REVOKE_EARN).data
    assert [item.earned_badge_id for item in result.outcomes] == [earned.earned_badge_id]


def imported(client: AuthenticatedClient, badge_id: str) -> None:
    item = ImportItemRequest(
        badge_meta_id=badge_id,
        customer_id=str(SECOND),
        earn_event_date_iso=datetime.now(UTC) - timedelta(days=1),
        earn_expires_on_iso=datetime(2090, 1, 1, tzinfo=UTC),
    )
    unknown = ImportItemRequest.from_dict(item.to_dict() | {"badgeMetaId": "0" * 24})
    batch = f"{RUN}-import"
    answer = import_badges.sync(client=client, body=[item, unknown], x_cap_request_id=batch)
    done, refused = expect(list, answer)
    assert done.data is not None
    assert (refused.data, refused.warnings) == (None, None)
    result = receipt(client, batch, ReceiptOperation.IMPORT_EARNED).data
    assert (result.failed_count, result.expires_on) == (1, None)


def main(address: str, client_id: str, secret: str) -> None:
    client = AuthenticatedClient(address, token=token_of(address, client_id, secret))
    direct, with_enrolment = create(client, EarnType.EARN), create(client, EarnType.ISSUE_EARN)
    given(client, direct)
    enrolled(client, with_enrolment)
    imported(client, direct)
    page = list_badges.sync(client=client, status=[BadgeStatus.LIVE], owner=OwnerType.LOYALTY)
    assert expect(BadgesEnvelope, page).data.pagination.total >= 2
    read = get_badge.sync(direct, client=client, include_statistics=True)
    assert expect(BadgeWithStatisticsEnvelope, read).data.issued_badge_expiry is None


if __name__ == "__main__":
    main(*sys.argv[1:])
