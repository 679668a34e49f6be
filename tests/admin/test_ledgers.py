"""The ledgers are read, searched by whole ids and never changed."""

from datetime import UTC, datetime

import pytest

from badges.models import EarnedBadge, Enrolment, RequestLog
from tests.admin.conftest import ROLES, page
from tests.factories import (
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
)

FACTORIES = {
    "enrolment": (Enrolment, EnrolmentFactory),
    "earnedbadge": (EarnedBadge, EarnedBadgeFactory),
    "requestlog": (RequestLog, RequestLogFactory),
}


def found(browser, model, **query):
    return list(browser.get(page(f"{model}_changelist"), query).context["cl"].result_list)


@pytest.mark.parametrize("model", FACTORIES)
def test_not_even_an_administrator_changes_a_fact(admin_client, model):
    table, factory = FACTORIES[model]
    row = factory()
    before = table.objects.values().get(pk=row.pk)
    for name, args in [("change", [row.pk]), ("add", []), ("delete", [row.pk])]:
        answer = admin_client.post(page(f"{model}_{name}", *args), {"customer_id": 5})
        assert answer.status_code == 403
    assert table.objects.values().get(pk=row.pk) == before
    assert table.objects.count() == 1


@pytest.mark.parametrize("model", FACTORIES)
def test_no_row_can_be_ticked(admin_client, model):
    FACTORIES[model][1]()
    text = admin_client.get(page(f"{model}_changelist")).text
    assert "_selected_action" not in text
    assert 'name="action"' not in text


@pytest.mark.parametrize("model", ["enrolment", "earnedbadge"])
def test_a_fact_is_found_by_its_customer_or_its_id(at_work, model):
    factory = FACTORIES[model][1]
    wanted, _other = factory(customer_id=123), factory(customer_id=1234)
    assert found(at_work, model, q="123") == [wanted]
    assert found(at_work, model, q=f" {wanted.pk.upper()} ") == [wanted]
    assert found(at_work, model, q="12") == []


@pytest.mark.parametrize(
    "words", ["request-x", "77", "maria", "Loyalty engine"], ids=lambda text: text.split()[0]
)
def test_a_request_is_found_by_whole_words(at_work, words):
    wanted = [
        RequestLogFactory(request_id="request-x"),
        RequestLogFactory(customer_id=77),
        RequestLogFactory(user=UserFactory(username="maria")),
        RequestLogFactory(integrator=IntegratorFactory(name="Loyalty engine")),
    ]
    order = ["request-x", "77", "maria", "Loyalty engine"]
    assert found(at_work, "requestlog", q=words) == [wanted[order.index(words)]]
    assert found(at_work, "requestlog", q=words[:-1]) == []


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({"earned_at_from_0": "2026-03-02"}, [3, 2]),
        ({"earned_at_to_0": "2026-03-02"}, [2, 1]),
        ({"earned_at_from_0": "2026-03-02", "earned_at_from_1": "12:00:01"}, [3]),
        ({"earned_at_from_0": "2026-03-01", "earned_at_to_0": "2026-03-01"}, [1]),
        ({"earned_at_from_0": "whenever"}, []),
    ],
)
def test_a_period_takes_in_whole_days(at_work, query, days):
    for day in (1, 2, 3):
        EarnedBadgeFactory(earned_at=datetime(2026, 3, day, 12, tzinfo=UTC))
    rows = found(at_work, "earnedbadge", **query)
    assert sorted((row.earned_at.day for row in rows), reverse=True) == days


def test_facts_are_filtered_by_badge_and_revocation(at_work):
    standing, revoked = EarnedBadgeFactory(), EarnedBadgeFactory(revoked=True)
    assert found(at_work, "earnedbadge", badge__id__exact=standing.badge_id) == [standing]
    assert found(at_work, "earnedbadge", revoked="yes") == [revoked]
    assert found(at_work, "earnedbadge", revoked="no") == [standing]


def test_requests_are_filtered_by_outcome_and_code(at_work):
    accepted, refused = RequestLogFactory(), RequestLogFactory(refused=True)
    assert found(at_work, "requestlog", outcome__exact="ACCEPTED") == [accepted]
    assert found(at_work, "requestlog", code="815") == [refused]


@pytest.mark.parametrize("role", ROLES)
def test_a_fact_leads_to_its_badge_and_request(as_role, role):
    badge = BadgeMetaFactory(enrolled=True)
    enrolment = EnrolmentFactory(badge=badge)
    earned = EarnedBadgeFactory(badge=badge, enrolment=enrolment, revoked=True)
    browser = as_role(role)
    text = browser.get(page("earnedbadge_change", earned.pk)).text
    for model, key in [
        ("badgemeta", badge.pk),
        ("enrolment", enrolment.pk),
        ("requestlog", earned.request_id),
        ("requestlog", earned.revocation_id),
    ]:
        assert page(f"{model}_change", key) in text
        assert browser.get(page(f"{model}_change", key)).status_code == 200


def test_a_request_leads_to_what_came_of_it(at_work):
    request = RequestLogFactory()
    earned = EarnedBadgeFactory(request=request)
    enrolment = EnrolmentFactory(request=request)
    text = at_work.get(page("requestlog_change", request.pk)).text
    assert page("earnedbadge_change", earned.pk) in text
    assert page("enrolment_change", enrolment.pk) in text


def test_a_request_of_many_leads_to_the_list_of_all(at_work):
    request, badge = RequestLogFactory(), BadgeMetaFactory()
    for number in range(51):
        EarnedBadgeFactory(request=request, badge=badge, customer_id=number + 1)
    answer = at_work.get(page("requestlog_change", request.pk))
    address = f"{page('earnedbadge_changelist')}?request__id__exact={request.pk}"
    assert address in answer.text
    assert EarnedBadgeFactory() not in found(at_work, "earnedbadge", request__id__exact=request.pk)


def test_content_is_shown_as_it_came(at_work):
    request = RequestLogFactory(refused=True, content='{"name": "<script>alert(1)</script>"}')
    text = at_work.get(page("requestlog_change", request.pk)).text
    assert "{&quot;name&quot;: &quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot;}" in text
    assert "815: The badge is inactive" in text


def test_a_very_long_content_is_cut_on_the_page(at_work):
    request = RequestLogFactory(content="x" * 25_000)
    assert "… 5000 more characters" in at_work.get(page("requestlog_change", request.pk)).text
