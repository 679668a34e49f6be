"""The history of a badge lists each changed field."""

import pytest

from badges.models import Limit, LimitKind, LimitLevel, Owner
from badges.services.catalogue.definitions import BadgeDraft, claim_badge, update_badge
from tests.admin.conftest import ROLES, page
from tests.factories import FAR_AHEAD, BadgeMetaFactory, BadgeRevisionFactory


@pytest.fixture
def edited(live_badge, desk_origin):
    BadgeRevisionFactory(badge=live_badge)
    draft = BadgeDraft(
        values={"name": "Hello", "rank": 0, "earned_expiry_kind": "WITH_BADGE_META"},
        owners=["Loyalty", "Journeys"],
        limits=[Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 3)],
    )
    update_badge(origin=desk_origin, badge_id=live_badge.pk, draft=draft)
    claim_badge(origin=desk_origin, badge_id=live_badge.pk, owner=Owner("Journeys", "j-1"))
    return live_badge


def entries_of(answer):
    return [
        (revision.version, {str(c.label): ([*map(str, c.old)], [*map(str, c.new)]) for c in found})
        for revision, found in answer.context["entries"]
    ]


@pytest.mark.parametrize("role", ROLES)
def test_every_reader_sees_the_history_of_a_badge(as_role, role, edited):
    answer = as_role(role).get(page("badgemeta_history", edited.pk))
    assert answer.status_code == 200
    (newest, claim), (changing, change), (oldest, first) = entries_of(answer)
    assert (newest, changing, oldest) == (3, 2, 1)
    assert claim == {"Claims": (["Loyalty 123694"], ["Loyalty 123694", "Journeys j-1"])}
    assert change == {
        "Name": (["Welcome"], ["Hello"]),
        "Rank": (["-"], ["0"]),
        "Issued badge expires": (["Never"], ["Along with the badge"]),
        "Owners": (["Loyalty"], ["Loyalty", "Journeys"]),
        "Limits": (["-"], ["Each customer: at most 3, Over the life of the badge"]),
    }
    assert first["Name"] == (["-"], ["Welcome"])
    assert f"{FAR_AHEAD:%Y-%m-%dT%H:%M:%SZ}" in first["Ends"][1][0]
    assert "maria" in answer.text
    assert "Staff desk" in answer.text


def test_pages_of_a_long_history_are_contiguous(as_role):
    badge = BadgeMetaFactory(name="First")
    for version in range(1, 53):
        badge.name = f"Name {version}"
        BadgeRevisionFactory(badge=badge, version=version)
    browser = as_role("auditor")
    first_page = entries_of(browser.get(page("badgemeta_history", badge.pk)))
    assert first_page[-1] == (3, {"Name": (["Name 2"], ["Name 3"])})
    second_page = entries_of(browser.get(page("badgemeta_history", badge.pk), {"p": "2"}))
    assert [version for version, _changes in second_page] == [2, 1]


def test_the_history_escapes_texts_of_users(as_role):
    badge = BadgeMetaFactory(name="<script>alert(1)</script>")
    BadgeRevisionFactory(badge=badge)
    text = as_role("auditor").get(page("badgemeta_history", badge.pk)).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_the_history_of_an_unknown_badge_is_not_found(as_role):
    answer = as_role("auditor").get(page("badgemeta_history", "nothing"), follow=True)
    assert "Perhaps it was deleted?" in answer.text
