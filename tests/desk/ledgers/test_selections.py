"""Selected rows of the ledgers (F27): they are exported, and issued badges are revoked."""

from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from badges.desk.ledgers.forms import IssuedForm, RequestForm
from badges.models import Export
from tests.factories import EarnedBadgeFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db

LOG = "/desk/requests/"
ISSUED = "/desk/history/issued/"


def signed_in(client, role):
    client.force_login(UserFactory(role=role))
    return client


def buttons(answer):
    return {action.url for action in answer.context["table"].actions}


@pytest.mark.parametrize(
    ("role", "urls"),
    [
        ("MemberCare", {"/desk/revoke/"}),
        ("Supervisor", {"/desk/revoke/"}),
        ("Auditor", {"/desk/exports/new/"}),
    ],
)
def test_the_actions_on_selected_rows_follow_the_permissions(client, role, urls):
    fact = EarnedBadgeFactory()
    browser = signed_in(client, role)

    issued = browser.get(ISSUED)
    assert buttons(issued) == urls
    assert f'name="selected" value="{fact.pk}"' in issued.text
    assert buttons(browser.get(LOG)) == urls - {"/desk/revoke/"}
    assert ('form="index-selection"' in browser.get(LOG).text) is (role == "Auditor")


def test_selected_badges_are_previewed_before_they_are_revoked(client):
    facts = EarnedBadgeFactory.create_batch(3)
    browser = signed_in(client, "MemberCare")

    answer = browser.post("/desk/revoke/", {"selected": [fact.pk for fact in facts[:2]]})

    assert "2 will be revoked" in answer.text
    for fact in facts:
        fact.refresh_from_db()
        assert fact.revoked_at is None
        assert (fact.pk in answer.text) is (fact != facts[2])


def test_selected_requests_are_exported(client):
    rows = RequestLogFactory.create_batch(3)
    browser = signed_in(client, "Auditor")
    chosen = [row.pk for row in rows[:2]]

    answer = browser.post(
        "/desk/exports/new/", {"ledger": "requests", "format": "CSV", "selected": chosen}
    )

    export = Export.objects.get()
    page = browser.get(answer["Location"]).text
    assert "Selected rows: <strong>2</strong>" in page
    file = b"".join(browser.post(f"/desk/exports/{export.pk}/file/").streaming_content).decode()
    assert len(file.splitlines()) == 1 + len(chosen) + 1


def test_selected_badges_are_exported_in_the_order_of_the_page(client):
    facts = EarnedBadgeFactory.create_batch(3)
    form = IssuedForm(QueryDict(f"selected={facts[2].pk}&selected={facts[0].pk}"))

    assert form.is_valid()
    assert form.query == {"selected": f"{facts[2].pk}.{facts[0].pk}"}
    shown = signed_in(client, "Auditor").get(ISSUED, form.query).context["rows"]
    assert [row["fact"] for row in shown] == [facts[2], facts[0]]


def test_a_selection_is_combined_with_other_filters(client):
    accepted, refused = RequestLogFactory(), RequestLogFactory(refused=True)
    query = {"selected": f"{accepted.pk}.{refused.pk}", "outcome": "REFUSED"}

    rows = signed_in(client, "Auditor").get(LOG, query).context["rows"]

    assert rows == [refused]


@pytest.mark.parametrize("text", ["x", "1.x", "1..2", "-1", "9" * 19, ".", "1." * 3_000, "²"])
def test_an_invalid_selection_is_a_field_error(text):
    assert "selected" in RequestForm(QueryDict(urlencode({"selected": text}))).errors


@pytest.mark.parametrize("text", ["1", "x" * 24, f"{'a' * 24}.1"])
def test_a_selection_of_badges_has_ids(text):
    form = IssuedForm(QueryDict(f"selected={text}"))

    assert "selected" in form.errors


def test_issued_badges_of_a_timeline_can_be_selected(client):
    fact = EarnedBadgeFactory(customer_id=7)
    revoked = EarnedBadgeFactory(customer_id=7, badge=fact.badge, revoked=True)
    browser = signed_in(client, "MemberCare")

    for page in ("/desk/customers/7/timeline/", f"/desk/customers/7/badges/{fact.badge_id}/"):
        text = browser.get(page).text
        for each in (fact, revoked):
            assert f'name="selected" value="{each.pk}" form="index-selection"' in text
        assert 'formaction="/desk/revoke/"' in text
