"""Revoking at the desk: a dry run, a reason, one revocation per form, and reissuing."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.desk.parts.forms import new_request_id
from badges.models import EarnedBadge, Operation, RequestLog
from badges.services.earning.earn import earn_badges
from tests.desk.conftest import ISSUE, give
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db

REVOKE = "/desk/revoke/"
UNKNOWN = "f" * 24


@pytest.fixture
def confirmed():
    """Return a function that returns the confirmation form's fields for some issued badges."""

    def fill(*facts, **changes):
        fields = {
            "earned": [fact.pk for fact in facts],
            "because": "Issued in error",
            "reason": "Wrong member",
            "request_id": new_request_id(),
            "confirm": "yes",
        }
        return fields | changes

    return fill


@pytest.fixture
def bulk(desk_origin, live_badge):
    """Create a request that issues a badge to customers 1, 2 and 3."""
    call = {"origin": desk_origin, "request_id": "list-1", "badge_id": live_badge.pk}
    return earn_badges(customer_ids=[1, 2, 3], **call).request


def address_of(request):
    return f"/desk/requests/{request.pk}/revoke/"


def standing():
    return sorted(EarnedBadge.objects.not_revoked().values_list("customer_id", flat=True))


@pytest.mark.parametrize(
    ("role", "status"), [("MemberCare", 200), ("Supervisor", 200), ("Auditor", 403), (None, 403)]
)
def test_the_pages_of_revoking_require_the_permission_to_revoke(
    client, bulk, confirmed, role, status
):
    client.force_login(UserFactory(role=role))

    assert client.get(REVOKE).status_code == status
    assert client.get(address_of(bulk)).status_code == status
    if status == 403:
        client.post(REVOKE, confirmed(*EarnedBadge.objects.all()))
        client.post(address_of(bulk), confirmed())
        assert standing() == [1, 2, 3]


def test_a_dry_run_of_a_revocation_shows_the_outcomes_and_writes_nothing(desk, bulk):
    facts = list(EarnedBadge.objects.all())
    gone = EarnedBadgeFactory(customer_id=9, revoked=True)
    pasted = f"{gone.pk}, {UNKNOWN}\n{facts[0].pk.upper()}"
    before = RequestLog.objects.count()

    response = desk.post(REVOKE, {"earned": [fact.pk for fact in facts[:2]], "pasted": pasted})

    page = response.content.decode()
    assert "2 will be revoked, 1 already is, 1 is unknown" in page
    assert "Revoke 2 badges" in page
    assert [row.customer_id for row in response.context["plan"].rows] == [
        *[fact.customer_id for fact in facts[:2]],
        9,
        None,
    ]
    assert (standing(), RequestLog.objects.count()) == ([1, 2, 3], before)


def test_the_confirmation_revokes_with_both_parts_of_the_reason(desk, bulk, confirmed, member_care):
    facts = list(EarnedBadge.objects.order_by("customer_id")[:2])

    response = desk.post(REVOKE, confirmed(*facts))

    request = RequestLog.objects.get(operation=Operation.REVOKE_EARN)
    assert response["Location"] == f"/desk/receipts/{request.pk}/"
    assert (request.user, request.reason) == (member_care, "Issued in error: Wrong member")
    assert json.loads(request.content)["earned"] == [fact.pk for fact in facts]
    assert standing() == [3]
    assert set(request.revoked_earnedbadges.all()) == set(facts)


def test_a_second_confirmation_revokes_nothing_and_opens_the_same_receipt(desk, bulk, confirmed):
    for address, fields in [
        (REVOKE, confirmed(EarnedBadge.objects.first())),
        (address_of(bulk), confirmed()),
    ]:
        first = desk.post(address, fields)
        second = desk.post(address, fields, follow=True)

        assert second.redirect_chain == [(first["Location"], 302)]
        assert "already revoked" in second.content.decode()
    assert RequestLog.objects.filter(operation=Operation.REVOKE_EARN).count() == 4
    assert RequestLog.objects.accepted().filter(operation=Operation.REVOKE_EARN).count() == 2


def test_a_used_confirmation_with_other_badges_revokes_nothing(desk, bulk, confirmed):
    first, second, _third = EarnedBadge.objects.order_by("customer_id")
    fields = confirmed(first)
    desk.post(REVOKE, fields)

    response = desk.post(REVOKE, fields | {"earned": [second.pk]})

    assert "(809)" in response.content.decode()
    assert response.context["reason_form"].id_to_send != fields["request_id"]
    assert standing() == [2, 3]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"because": ""}, "because"),
        ({"because": "Boredom"}, "because"),
        ({"because": "Other", "reason": ""}, "reason"),
        ({"reason": "x" * 401}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"request_id": "2132"}, "request_id"),
    ],
)
def test_an_invalid_confirmation_shows_errors_and_revokes_nothing(
    desk, bulk, confirmed, changes, field
):
    response = desk.post(REVOKE, confirmed(*EarnedBadge.objects.all(), **changes))

    assert list(response.context["reason_form"].errors) == [field]
    assert "Revoke 3 badges" in response.content.decode()
    assert standing() == [1, 2, 3]


@pytest.mark.parametrize(
    "fields",
    [
        {"pasted": ""},
        {"pasted": "1001 1002"},
        {"pasted": "a\0b"},
        {"earned": "nonsense"},
        {"earned": [f"{n:024x}" for n in range(201)]},
        {
            "earned": [f"{n:024x}" for n in range(150)],
            "pasted": " ".join(["e" * 24, "d" * 24] * 60),
        },
        {"pasted": " ".join(f"{n:024x}" for n in range(201))},
    ],
)
def test_a_text_without_issued_badges_is_reported(desk, fields):
    response = desk.post(REVOKE, fields | {"confirm": "yes"})

    assert response.status_code == 200
    errors = response.context.get("selection_form") and response.context["selection_form"].errors
    assert errors or response.context["plan"].ready == 0
    assert not RequestLog.objects.exists()


def test_a_badge_revoked_concurrently_is_refused_with_a_message(desk, confirmed):
    gone = EarnedBadgeFactory(revoked=True)

    page = desk.post(REVOKE, confirmed(gone)).content.decode()

    assert "(814)" in page
    assert "Everything here has already been revoked." in page


def test_a_link_may_name_an_issued_badge_but_never_revokes(desk, confirmed):
    fact = EarnedBadgeFactory()

    page = desk.get(REVOKE, confirmed(fact)).content.decode()

    assert "1 will be revoked" in page
    assert standing() == [fact.customer_id]


def test_everything_a_request_issued_is_revoked(desk, bulk, confirmed):
    other = EarnedBadgeFactory(customer_id=7)
    assert "Revoke 3 badges" in desk.get(address_of(bulk)).content.decode()

    receipt = desk.post(address_of(bulk), confirmed(), follow=True)

    assert "3 badges revoked" in receipt.content.decode()
    assert standing() == [other.customer_id]
    assert (
        "Everything here has already been revoked." in desk.get(address_of(bulk)).content.decode()
    )


def test_a_request_with_more_badges_than_are_counted_is_revoked(desk, live_badge, confirmed):
    request = RequestLogFactory(operation=Operation.EARN_BULK, badge=live_badge)
    give(live_badge, request, range(1, 906))

    page = desk.get(address_of(request)).text
    desk.post(address_of(request), confirmed())

    assert (
        "More than 900 badges were issued. All that have not been revoked yet will be revoked."
        in page
    )
    assert "Revoke all of them" in page
    assert standing() == []


@pytest.mark.parametrize(
    "row", [{"refused": True}, {"operation": Operation.CLAIM}, {"operation": Operation.ENROL_BULK}]
)
def test_a_request_of_another_operation_cannot_be_revoked(desk, confirmed, row):
    address = address_of(RequestLogFactory(**row))

    assert desk.get(address).status_code == 404
    assert desk.post(address, confirmed()).status_code == 404


def test_the_query_count_of_the_pages_of_revoking_is_constant(desk, desk_origin, live_badge):
    counts = []
    for size in 2, 300:
        call = {"origin": desk_origin, "request_id": f"list-{size}", "badge_id": live_badge.pk}
        row = earn_badges(customer_ids=range(1, size + 1), **call).request
        with CaptureQueriesContext(connection) as queries:
            response = desk.get(address_of(row))
        ids = list(row.earnedbadge_set.values_list("pk", flat=True)[:200])
        with CaptureQueriesContext(connection) as named:
            desk.post(REVOKE, {"earned": ids})
        counts.append((len(queries), len(named)))

    assert counts[0] == counts[1]
    assert max(counts[0]) <= 15
    assert "… and 100 more" in response.content.decode()


class TestReceipt:
    @pytest.fixture
    def receipt(self, desk, bulk, confirmed):
        """Return the receipt of a revocation of two badges, one of them already revoked."""
        first, second, _third = EarnedBadge.objects.order_by("customer_id")
        desk.post(REVOKE, confirmed(first))
        return desk.post(REVOKE, confirmed(first, second), follow=True)

    def test_the_receipt_of_a_revocation_has_actor_datetime_reason_and_badges(self, receipt):
        page = receipt.content.decode()
        second = EarnedBadge.objects.get(customer_id=2)
        for words in (
            "1 badge revoked, 1 not",
            "maria",
            "Issued in error: Wrong member",
            second.pk,
            "is revoked already",
            f"{ISSUE}?reissue_of={second.pk}",
        ):
            assert words in page

    def test_the_receipt_of_a_revocation_has_no_links_for_an_auditor(
        self, client, auditor, receipt
    ):
        client.force_login(auditor)

        page = client.get(receipt.redirect_chain[0][0]).content.decode()

        assert "1 badge revoked" in page
        assert "reissue_of" not in page

    def test_reissuing_prefills_the_form_and_links_both_badges(self, desk, receipt, filled):
        revoked = EarnedBadge.objects.get(customer_id=2)
        form = desk.get(f"{ISSUE}?reissue_of={revoked.pk}")
        assert form.context["form"].initial == {
            "badge_id": revoked.badge_id,
            "customer_id": 2,
            "reissue_of": revoked.pk,
        }
        assert "This is issued again for" in form.content.decode()
        assert "Can be issued" in form.content.decode()

        fields = filled(customer_id="2", reissue_of=revoked.pk)
        issued = desk.post(ISSUE, fields, follow=True).content.decode()

        again = EarnedBadge.objects.get(reissue_of=revoked)
        assert receipt.redirect_chain[0][0] in issued
        page = desk.get(receipt.redirect_chain[0][0]).content.decode()
        assert f"/desk/receipts/{again.request_id}/" in page
        assert f"reissue_of={revoked.pk}" not in page

    def test_reissuing_is_only_possible_for_the_same_customer(self, desk, receipt, filled):
        revoked = EarnedBadge.objects.get(customer_id=2)

        page = desk.post(ISSUE, filled(customer_id="3", reissue_of=revoked.pk)).content.decode()
        several = desk.post(ISSUE, filled(customer_id="2 3", reissue_of=revoked.pk))

        assert "Code 2005" in page
        assert list(several.context["form"].errors) == ["customer_id"]
        assert not EarnedBadge.objects.filter(reissue_of=revoked).exists()

    @pytest.mark.parametrize("named", [UNKNOWN, "nonsense", "%00", "standing"])
    def test_reissuing_a_badge_that_is_not_revoked_opens_the_empty_form(self, desk, bulk, named):
        named = EarnedBadge.objects.first().pk if named == "standing" else named

        form = desk.get(f"{ISSUE}?reissue_of={named}").context["form"]

        assert not form.initial.get("customer_id")


class TestLinks:
    @pytest.mark.parametrize(("who", "shown"), [("member_care", True), ("auditor", False)])
    def test_links_to_revoking_on_receipts_and_the_log_require_the_permission(
        self, request, client, bulk, who, shown
    ):
        client.force_login(request.getfixturevalue(who))

        receipt = client.get(f"/desk/receipts/{bulk.pk}/").content.decode()
        detail = client.get(f"/desk/requests/{bulk.pk}/").content.decode()

        assert (address_of(bulk) in receipt) is shown
        assert (address_of(bulk) in detail) is shown

    def test_links_to_revoking_are_hidden_without_active_badges(self, desk, bulk, confirmed):
        desk.post(address_of(bulk), confirmed())

        receipt = desk.get(f"/desk/receipts/{bulk.pk}/").content.decode()

        assert address_of(bulk) not in receipt
        assert address_of(bulk) not in desk.get(f"/desk/requests/{bulk.pk}/").content.decode()
        assert "0 issued" not in receipt

    def test_links_to_revoking_of_a_single_receipt(self, desk, filled, receipt_of):
        desk.post(ISSUE, filled())
        earned = EarnedBadge.objects.get()
        assert address_of(earned.request) in desk.get(receipt_of(earned)).content.decode()


def test_an_import_has_a_receipt_and_is_revoked(desk, confirmed):
    row = RequestLogFactory(operation=Operation.IMPORT_EARNED)
    for badge in BadgeMetaFactory.create_batch(2):
        EarnedBadgeFactory(badge=badge, request=row)

    receipt = desk.get(f"/desk/receipts/{row.pk}/").content.decode()
    desk.post(address_of(row), confirmed())

    assert "2 issued" in receipt
    assert standing() == []
