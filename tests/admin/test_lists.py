"""Filters of the lists of the admin, alone and together, also among many rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from badges.models import BadgeMeta
from tests.admin.conftest import page
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

LIST = "badgemeta_changelist"
TEXT = "only the first 3 were searched"


@pytest.fixture
def few_are_listed(monkeypatch):
    monkeypatch.setattr("badges.admin.lists.MAX_LISTED", 3)


def names(answer):
    return [badge.name for badge in answer.context["cl"].result_list]


@pytest.fixture
def several(db):
    for name in ("Delta", "Alpha", "Echo", "Bravo"):
        BadgeMetaFactory(name=name)
    BadgeMetaFactory(name="Gone", expired=True, inactive=True)
    BadgeMetaFactory(name="Charlie", inactive=True)


def test_several_filters_find_what_matches_all_of_them(at_work, several):
    answer = at_work.get(page(LIST), {"status": "LIVE", "active__exact": "1"})
    assert names(answer) == ["Alpha", "Bravo", "Delta", "Echo"]

    answer = at_work.get(page(LIST), {"status": "LIVE", "active__exact": "0", "o": "-1"})
    assert names(answer) == ["Charlie"]


def test_the_most_selective_filter_is_applied_to_all_rows(at_work, several, few_are_listed):
    answer = at_work.get(page(LIST), {"status": "LIVE", "active__exact": "0"})

    assert names(answer) == ["Charlie"]
    assert TEXT not in answer.text


def test_of_many_matches_the_first_ones_are_searched(at_work, several, few_are_listed):
    answer = at_work.get(page(LIST), {"status": "LIVE", "active__exact": "1"})

    assert len(names(answer)) == 3
    assert names(answer) == sorted(names(answer))
    assert TEXT in answer.text


def test_the_badges_of_a_status_are_those_nearest_to_their_end(at_work, several, few_are_listed):
    first = BadgeMeta.objects.filter(name__in=["Alpha", "Bravo", "Charlie"])
    first.update(expires_at=timezone.now() + timedelta(days=1))

    answer = at_work.get(page(LIST), {"status": "LIVE"})

    assert names(answer) == ["Alpha", "Bravo", "Charlie"]
    assert TEXT in answer.text


def test_an_owner_is_found_with_other_filters(at_work, several):
    BadgeMeta.objects.get(name="Echo").owners.create(owner_type="Journeys")

    assert names(at_work.get(page(LIST), {"owner": "Journeys"})) == ["Echo"]
    both = {"owner": "Journeys", "earn_type__exact": "EARN"}
    assert names(at_work.get(page(LIST), both)) == ["Echo"]
    assert names(at_work.get(page(LIST), both | {"active__exact": "0"})) == []
