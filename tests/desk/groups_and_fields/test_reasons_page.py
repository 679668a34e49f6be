"""Reasons for issuing at the desk: permissions, rows, refusals, and their requests."""

import pytest

from badges.models import Channel, IssueReason, Operation, RequestLog
from badges.services.catalogue.reasons import create_reason
from badges.services.request_log import Origin
from tests.desk.conftest import ISSUE
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

LIST = "/desk/reasons/"
NEW = f"{LIST}new/"


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def kindness(desk_origin):
    return create_reason(origin=desk_origin, name="Kindness", rank=-1)


def page_of(reason, rest=""):
    return f"{LIST}{reason.pk}/{rest}"


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [("Supervisor", 200, 200), ("Auditor", 200, 403), ("MemberCare", 200, 403), (None, 403, 403)],
)
def test_each_page_of_reasons_requires_its_permission(client, kindness, role, reads, writes):
    client.force_login(UserFactory(role=role))

    for page in (LIST, page_of(kindness)):
        assert client.get(page).status_code == reads
    for page in (NEW, page_of(kindness, "edit/"), page_of(kindness, "switch/")):
        assert client.get(page).status_code == writes


def test_a_reason_is_created_by_the_service(desk, supervisor):
    answer = desk.post(NEW, {"name": " Kindness ", "rank": "3"})

    reason = IssueReason.objects.get(name="Kindness")
    assert answer["Location"] == page_of(reason)
    assert (reason.rank, reason.active, reason.created_by) == (3, True, supervisor.pk)
    request = RequestLog.objects.get()
    assert (request.operation, request.channel) == (Operation.CREATE_REASON, Channel.MEMBERCARE)


def test_a_used_name_is_shown_at_its_field(desk, kindness):
    answer = desk.post(NEW, {"name": "Kindness", "rank": "3"})

    assert answer.context["form"].errors["name"] == ["Another active reason has this name."]
    assert IssueReason.objects.filter(name="Kindness").count() == 1


def test_reasons_are_listed_by_rank_with_their_requests(desk, kindness, filled):
    desk.post(ISSUE, filled(because=kindness.pk, case_number="CASE-7"))

    create_reason(origin=Origin(channel=Channel.COMMAND), name="Last", rank=1_000)
    rows = desk.get(LIST).context["rows"]
    assert (rows[0]["reason"].name, rows[0]["uses"]) == ("Kindness", "1")
    assert rows[-1]["reason"].name == "Last"
    page = desk.get(page_of(kindness)).content.decode()
    assert "CASE-7" in page
    assert "1001" in page


def test_a_disabled_reason_cannot_be_chosen(desk, kindness, filled):
    version = desk.get(page_of(kindness, "switch/")).context["version"]
    desk.post(page_of(kindness, "switch/"), {"active": "no", "seen_version": version})

    kindness.refresh_from_db()
    assert not kindness.active
    desk.get(ISSUE)  # shows the message about the change
    assert "Kindness" not in desk.get(ISSUE).content.decode()
    answer = desk.post(ISSUE, filled(because=kindness.pk))
    assert answer.context["form"].errors["because"] == ["Choose a reason from the list."]


def test_the_receipt_and_the_timeline_show_reason_case_number_and_comment(desk, kindness, filled):
    badge = filled()["badge_id"]
    answer = desk.post(ISSUE, filled(because=kindness.pk, case_number="CASE-7"))

    pages = [answer["Location"], f"/desk/customers/1001/badges/{badge}/"]
    pages.append(f"/desk/requests/{RequestLog.objects.get(operation='EARN').pk}/")
    for page in pages:
        text = desk.get(page).content.decode()
        for words in ("Kindness", "Case number", "CASE-7", "Comment", "Called in"):
            assert words in text, (page, words)


def test_the_log_and_the_history_have_columns_for_reason_and_case_number(desk, kindness, filled):
    desk.post(ISSUE, filled(because=kindness.pk, case_number="CASE-7"))

    for table, page in (("requests", "/desk/requests/"), ("issued", "/desk/history/issued/")):
        assert "CASE-7" not in desk.get(page).content.decode()
        desk.post(f"/desk/tables/{table}/", {"columns": ["reason", "case_number"]})
        text = desk.get(page).content.decode()
        for words in ("Kindness", "CASE-7", "Called in"):
            assert words in text, (page, words)


def test_the_history_names_an_expiry_that_never_comes(desk, filled):
    """F17."""
    desk.post(ISSUE, filled())
    desk.post("/desk/tables/issued/", {"columns": ["expires_at"]})

    assert "Never expires" in desk.get("/desk/history/issued/").content.decode()
