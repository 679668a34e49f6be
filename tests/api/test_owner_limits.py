"""An integrator that is limited to owner types calls every operation of the API."""

import pytest
from django.apps import apps
from drf_spectacular.generators import SchemaGenerator

from badges.models import (
    BadgeGroup,
    Claim,
    CustomField,
    EarnedBadge,
    Enrolment,
    Owner,
    RequestLog,
    RequestOutcome,
)
from tests.api.conftest import BADGES, EARN, TRIGGER, ApiClient, a_badge, codes, references
from tests.factories import (
    CUSTOMER,
    LOYALTY,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    IntegratorFactory,
)

pytestmark = pytest.mark.django_db

API = "/api_gateway/v1/badges"
JOURNEY = Owner("Journeys", "7")
JOURNEY_TRIGGER = {"ownerType": JOURNEY.owner_type, "referenceId": JOURNEY.reference_id}
IMPORTED = {"earnEventDate": "2021-01-01", "earnExpiresOn": "2090-01-01"}

# The limit concerns writing, not reading.
READS = {
    f"get {API}{path}"
    for path in [
        "/badgeMeta",
        "/badgeMeta/{badgeId}",
        "/badgeMeta/getFixedWindowDetails",
        "/customField",
        "/customField/{fieldId}",
        "/customer/{customerId}",
        "/group",
        "/group/{groupId}",
        "/management/{customerId}",
        "/management/{customerId}/badge/{badgeId}",
        "/requests/{requestId}",
    ]
}


def operations() -> list[str]:
    """Return every operation of the description that belongs to this API, as "method path"."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return sorted(
        f"{method} {path}"
        for path, methods in paths.items()
        for method in methods
        if path.startswith(API)
    )


class World:
    """A badge of other owners with an issued badge and an enrolment, and valid request bodies."""

    def __init__(self, owners, trigger=TRIGGER):
        self.badge = BadgeMetaFactory(enrolled=True, owners=owners, claimed=[LOYALTY])
        self.earned = EarnedBadgeFactory(badge=self.badge)
        self.enrolment = EnrolmentFactory(badge=self.badge)
        self.group = BadgeGroup.objects.create(name="Summer", rank=1)
        self.field = CustomField.objects.create(name="Terms", data_type="STRING")
        self.trigger = trigger

    def path(self, operation: str) -> str:
        ids = {"badgeId": self.badge.pk, "groupId": self.group.pk, "fieldId": self.field.pk}
        return operation.split()[1].format(**ids)

    def body(self, operation: str):
        """Return a body that is valid for an integrator without a limit."""
        badge, other = {"badgeMetaId": self.badge.pk}, {"customerId": 7}
        call = {"requestId": "limited-1", "triggeredBy": self.trigger} | badge
        bodies = {
            "post /badgeMeta": a_badge(),
            "put /badgeMeta": a_badge(
                id=self.badge.pk,
                startOnISO="2020-01-01T00:00:00Z",
                earnType="ISSUE_EARN",
                issuedBadgeExpiry={"expiryType": "NEVER"},
                ownership={"restrictedToOwners": ["Loyalty", "Journeys"]},
            ),
            "put /badgeMeta/{badgeId}/activate": {},
            "put /badgeMeta/{badgeId}/deactivate": {},
            "post /badgeMeta/{badgeId}/claim": self.trigger | {"referenceId": "new"},
            "post /badgeMeta/{badgeId}/unclaim": self.trigger,
            "post /badgeMeta/customer/issueBulk": call | {"customers": [7]},
            "post /badgeMeta/customer/revokeIssue": badge | {"customers": [CUSTOMER]},
            "post /customer/earn": call | {"customerId": CUSTOMER},
            "post /customer/earnBulk": call | {"customerIds": [CUSTOMER]},
            "post /customer/revokeEarn": badge
            | {"customerId": CUSTOMER, "earnedBadgeId": self.earned.pk},
            "post /group": {"name": "Winter", "rank": 2},
            "put /group/{groupId}": {"name": "Winter", "rank": 2},
            "post /customField": {"name": "Note", "dataType": "STRING"},
            "put /customField/{fieldId}": {"name": "Note", "dataType": "STRING"},
            "post /import/customerBadges": [badge | other | IMPORTED],
            "put /import/customerBadges": [badge | other | IMPORTED],
        }
        return bodies[operation.replace(API, "")]

    def ask(self, operation: str, integrator):
        client = ApiClient(integrator.client_id)
        method = getattr(client, operation.split()[0])
        return method(self.path(operation), self.body(operation))


def everything() -> dict[str, list]:
    """Return every row of every table of the app."""
    models = [model for model in apps.get_app_config("badges").get_models() if model._meta.managed]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


@pytest.mark.parametrize("operation", [name for name in operations() if name not in READS])
@pytest.mark.parametrize("own", [["Journeys"], ["Journeys", "Historical_Import"]])
def test_an_integrator_with_owner_types_changes_nothing_of_other_owners(operation, own):
    world, limited = World(owners=["Loyalty"]), IntegratorFactory(owner_types=own)
    before = everything()

    answer = world.ask(operation, limited)

    assert answer.status_code == 403, answer.json()
    assert codes(answer) == [403]
    after = everything()
    *_others, row = after.pop("RequestLog")
    assert (row["outcome"], row["code"]) == (RequestOutcome.REFUSED, 403)
    assert row["integrator_id"] == limited.pk
    assert _others == before.pop("RequestLog")
    assert after == before


@pytest.mark.parametrize("operation", [name for name in operations() if name not in READS])
def test_an_integrator_without_owner_types_may_make_the_same_calls(operation):
    """This proves that the test above is refused only because of the limit."""
    answer = World(owners=["Loyalty", "Journeys"]).ask(operation, IntegratorFactory())

    assert answer.status_code in (200, 201), answer.json()


def test_reading_operations_change_nothing():
    assert {name for name in operations() if name.startswith("get ")} == READS


# Operations on the badge itself, with a badge that another owner type owns as well.
CHANGES = ["put /badgeMeta", *(f"put /badgeMeta/{{badgeId}}/{verb}activate" for verb in ("", "de"))]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("own", "status"), [(["Journeys"], 403), (["Loyalty", "Journeys"], 200)])
def test_changing_a_badge_requires_all_its_owner_types(change, own, status):
    world = World(owners=["Loyalty", "Journeys"])
    method, path = change.split()

    answer = world.ask(f"{method} {API}{path}", IntegratorFactory(owner_types=own))

    assert answer.status_code == status, answer.json()
    world.badge.refresh_from_db()
    assert (world.badge.version > 1) == (status == 200 and change != CHANGES[1])


@pytest.mark.parametrize(("before", "after"), [("Loyalty", "Journeys"), ("Journeys", "Loyalty")])
def test_owners_outside_the_owner_types_are_neither_added_nor_removed(before, after):
    limited = IntegratorFactory(owner_types=["Journeys"])
    badge = BadgeMetaFactory(name="Kept", owners=[before])
    owners = {"restrictedToOwners": [after]}
    body = a_badge(id=badge.pk, startOnISO="2020-01-01T00:00:00Z", ownership=owners)

    answer = ApiClient(limited.client_id).put(BADGES, body)

    assert codes(answer) == [403]
    badge.refresh_from_db()
    assert (badge.name, badge.version) == ("Kept", 1)
    assert [owner.owner_type for owner in badge.owners.all()] == [before]


def test_one_of_several_owners_earns_enrols_and_claims_for_itself():
    limited = IntegratorFactory(owner_types=["Journeys"])
    world = World(owners=["Loyalty", "Journeys"], trigger=JOURNEY_TRIGGER)
    EnrolmentFactory(badge=world.badge, customer_id=8)
    api = ApiClient(limited.client_id)
    about = {"badgeMetaId": world.badge.pk, "triggeredBy": JOURNEY_TRIGGER}

    claim = api.post(f"{BADGES}/{world.badge.pk}/claim", JOURNEY_TRIGGER)
    earn = api.post(EARN, about | {"customerId": 8, "requestId": "1"})
    enrol = api.post(f"{BADGES}/customer/issueBulk", about | {"customers": [9], "requestId": "2"})
    taken_back = api.post(
        f"{API}/customer/revokeEarn",
        {
            "badgeMetaId": world.badge.pk,
            "customerId": 8,
            "earnedBadgeId": earn.json()["data"]["earnedBadgeId"],
        },
    )
    no_more = api.post(
        f"{BADGES}/customer/revokeIssue", {"badgeMetaId": world.badge.pk, "customers": [9]}
    )

    answers = [claim, earn, enrol, taken_back, no_more]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert EarnedBadge.objects.get(customer_id=8).revoked_at is not None
    assert Enrolment.objects.get(customer_id=9).revoked_at is not None


@pytest.mark.parametrize(
    "operation",
    [
        "post /customer/earn",
        "post /customer/earnBulk",
        "post /badgeMeta/customer/issueBulk",
        "post /badgeMeta/{badgeId}/claim",
    ],
)
def test_a_badge_of_other_owners_is_not_earned_for_the_own_module(operation):
    """An inactive claim of the owner type that no longer owns the badge makes no difference."""
    world = World(owners=["Loyalty"], trigger=JOURNEY_TRIGGER)
    Claim.objects.create(badge=world.badge, owner_type="Journeys", reference_id="7", active=False)
    method, path = operation.split()

    answer = world.ask(f"{method} {API}{path}", IntegratorFactory(owner_types=["Journeys"]))

    assert codes(answer) == [403]
    assert Claim.objects.active().count() == 1
    assert (EarnedBadge.objects.count(), Enrolment.objects.count()) == (1, 1)


@pytest.mark.parametrize("operation", ["post /customer/earn", "post /customer/earnBulk"])
@pytest.mark.parametrize("enrolled", [True, False])
def test_a_claim_on_a_badge_of_others_grants_no_permission_for_it(operation, enrolled):
    """Neither the fast path nor the slow path accepts such a claim, however it was created."""
    world = World(owners=["Loyalty"], trigger=JOURNEY_TRIGGER)
    if not enrolled:
        world.badge = BadgeMetaFactory(owners=["Loyalty"])
    Claim.objects.create(badge=world.badge, owner_type="Journeys", reference_id="7")
    method, path = operation.split()

    answer = world.ask(f"{method} {API}{path}", IntegratorFactory(owner_types=["Journeys"]))

    assert codes(answer) == [403]
    assert EarnedBadge.objects.count() == 1


@pytest.mark.parametrize("owner_type", ["Membercare", "Historical_Import", "", "Loyalty"])
def test_badges_issued_by_other_owners_are_not_revoked(owner_type):
    limited = IntegratorFactory(owner_types=["Journeys"])
    badge = BadgeMetaFactory(enrolled=True, owners=["Journeys"])
    earned = EarnedBadgeFactory(badge=badge, owner_type=owner_type)
    own = EnrolmentFactory(badge=badge, customer_id=7, owner_type="Journeys")
    EnrolmentFactory(badge=badge, customer_id=8, owner_type=owner_type)
    api = ApiClient(limited.client_id)
    about = {"badgeMetaId": badge.pk}

    one = api.post(
        f"{API}/customer/revokeEarn",
        about | {"customerId": CUSTOMER, "earnedBadgeId": earned.pk},
    )
    several = api.post(f"{BADGES}/customer/revokeIssue", about | {"customers": [7, 8]})

    assert (codes(one), codes(several)) == ([403], [403])
    assert not EarnedBadge.objects.exclude(revoked_at=None).exists()
    assert not Enrolment.objects.exclude(revoked_at=None).exists()
    answer = api.post(f"{BADGES}/customer/revokeIssue", about | {"customers": [7]})
    assert answer.status_code == 200
    own.refresh_from_db()
    assert own.revoked_at is not None


def test_an_enrolment_without_an_owner_requires_an_integrator_without_owner_types():
    badge = BadgeMetaFactory(enrolled=True, owners=["Journeys"])
    body = {"badgeMetaId": badge.pk, "customers": [7], "requestId": "1"}

    answer = ApiClient(IntegratorFactory(owner_types=["Journeys"]).client_id).post(
        f"{BADGES}/customer/issueBulk", body
    )

    assert codes(answer) == [403]
    assert references(answer) == ["triggeredBy.ownerType"]
    assert not Enrolment.objects.exists()


def test_an_integrator_with_owner_types_gets_its_token_and_its_receipts(client):
    limited = IntegratorFactory(owner_types=["Loyalty"])
    badge = BadgeMetaFactory(claimed=True)
    api = ApiClient(limited.client_id)
    asked = {"grant_type": "client_credentials"}

    token = client.post("/o/token/", asked, headers=api.headers)
    body = {"badgeMetaId": badge.pk, "customerId": 7, "requestId": "1", "triggeredBy": TRIGGER}
    earned = api.earn(body)

    assert (token.status_code, earned.status_code) == (200, 200)
    assert api.get(f"{API}/requests/1").status_code == 200
    assert RequestLog.objects.filter(outcome=RequestOutcome.REFUSED).count() == 0
