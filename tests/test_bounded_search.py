"""Searches among many names return a bounded number of results; search keys are up to date."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection

from badges.models import BadgeMeta, GroupKey, UserKey
from badges.paging import MAX_LISTED
from tests.factories import LONG_AGO, BadgeMetaFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def many_badges(db):
    values = {"earn_type": "EARN", "earned_expiry_kind": "NEVER", "starts_at": LONG_AGO}
    BadgeMeta.objects.bulk_create(
        BadgeMeta(name=f"Same {number}", expires_at=LONG_AGO.replace(year=2100), **values)
        for number in range(MAX_LISTED + 5)
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("old ca", ["Gold card"]),
        ("old", ["Gold card"]),
        ("ca", ["Gold card"]),
        ("c", ["Gold card"]),
        ("\u0301", []),
    ],
)
def test_a_part_of_a_name_is_found_among_many_names(many_badges, text, names):
    BadgeMetaFactory(name="Gold card")

    assert [badge.name for badge in BadgeMeta.objects.named_like(text)] == names


def test_one_or_two_letters_are_found_within_words_only_among_few(request):
    BadgeMetaFactory(name="Gold card")
    assert BadgeMeta.objects.named_like("ld").exists()

    request.getfixturevalue("many_badges")

    assert not BadgeMeta.objects.named_like("ld").exists()


def test_a_search_has_a_maximum_number_of_results(many_badges):
    assert BadgeMeta.objects.named_like("same").count() == MAX_LISTED


def test_the_keys_of_users_and_groups_follow_every_save():
    user, group = UserFactory(first_name="\u00c4pfel"), Group.objects.create(name="\u00c4rzte")
    assert "apfel" in UserKey.objects.get(user=user).search_key
    assert GroupKey.objects.get(group=group).search_key == "arzte"

    user.last_name = "M\u00fcller"
    user.save(update_fields=["last_name"])
    group.name = "Praxis"
    group.save()

    assert "muller" in UserKey.objects.get(user=user).search_key
    assert GroupKey.objects.get(group=group).search_key == "praxis"


def test_a_deleted_group_leaves_no_key():
    group = Group.objects.create(name="Gone")

    group.delete()

    assert not GroupKey.objects.filter(search_key="gone").exists()


def test_postgresql_finds_parts_of_names_by_an_index(needs_postgresql):
    for number in range(50):
        User.objects.create(username=f"person-{number:02}")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT * FROM badges_userkey WHERE search_key LIKE '%son-33%'")
        plan = "\n".join(row for (row,) in cursor.fetchall())

    assert "userkey_by_trigrams" in plan
