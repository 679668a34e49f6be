"""Badge groups at the desk: permissions, rows, refusals, and the badges of a group."""

import pytest

from badges.models import BadgeGroup, BadgeMeta, Channel, Operation, RequestLog
from tests.conftest import shown
from tests.desk.definitions.forms import NEW as NEW_BADGE
from tests.desk.definitions.forms import badge_form, edit_form
from tests.factories import BadgeMetaFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/desk/groups/"
NEW = f"{LIST}new/"


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def gold(db):
    return BadgeGroup.objects.create(name="Gold", rank=1)


def page_of(group, rest=""):
    return f"{LIST}{group.pk}/{rest}"


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [("Supervisor", 200, 200), ("Auditor", 200, 403), ("MemberCare", 200, 403), (None, 403, 403)],
)
def test_each_page_of_groups_requires_its_permission(client, gold, role, reads, writes):
    client.force_login(UserFactory(role=role))

    for page in (LIST, page_of(gold)):
        assert client.get(page).status_code == reads
    for page in (NEW, page_of(gold, "edit/"), page_of(gold, "switch/")):
        assert client.get(page).status_code == writes


@pytest.mark.parametrize("address", [NEW, "{}edit/", "{}switch/"])
def test_submitting_a_group_requires_its_permission(client, auditor, gold, address):
    client.force_login(auditor)

    answer = client.post(address.format(page_of(gold)), {"name": "Mine", "rank": "9"})

    assert answer.status_code == 403
    assert list(BadgeGroup.objects.values_list("name", "rank", "active")) == [("Gold", 1, True)]
    assert not RequestLog.objects.exists()


@pytest.mark.parametrize("rest", ["", "edit/", "switch/"])
@pytest.mark.parametrize("pk", ["0" * 24, "nothing"])
def test_an_unknown_group_has_no_page(desk, pk, rest):
    assert desk.get(f"{LIST}{pk}/{rest}").status_code == 404


def test_a_group_is_created_by_the_service(desk, supervisor):
    answer = desk.post(NEW, {"name": " Gold ", "rank": "-3"})

    group = BadgeGroup.objects.get()
    assert answer["Location"] == page_of(group)
    assert (group.name, group.rank, group.active) == ("Gold", -3, True)
    assert group.created_by == supervisor.pk
    request = RequestLog.objects.get()
    assert (request.operation, request.channel) == (Operation.CREATE_GROUP, Channel.MEMBERCARE)
    assert request.user == supervisor


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"rank": ""}, "rank"),
        ({"rank": "first"}, "rank"),
        ({"rank": str(2**31)}, "rank"),
    ],
)
@pytest.mark.parametrize("rest", ["", "edit/"])
def test_an_invalid_group_form_shows_errors_and_writes_nothing(desk, gold, wrong, field, rest):
    address = page_of(gold, rest) if rest else NEW

    answer = desk.post(address, {"name": "Silver", "rank": "2"} | shown(gold) | wrong)

    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"].fields[field].widget.attrs["autofocus"]
    assert list(BadgeGroup.objects.values_list("name", "rank")) == [("Gold", 1)]
    assert not RequestLog.objects.exists()


def test_the_name_of_an_active_group_is_a_field_error(desk, gold):
    answer = desk.post(NEW, {"name": "Gold", "rank": "2"})

    assert answer.context["form"].errors == {"name": ["Another active group has this name."]}
    assert BadgeGroup.objects.get() == gold
    assert RequestLog.objects.get().code == 733


def test_an_edit_changes_name_and_rank_and_nothing_else(desk, gold):
    BadgeGroup.objects.update(active=False)

    fields = {"name": "Silver", "rank": "2", "active": "yes"} | shown(BadgeGroup.objects.get())
    answer = desk.post(page_of(gold, "edit/"), fields)

    assert answer["Location"] == page_of(gold)
    group = BadgeGroup.objects.get()
    assert (group.name, group.rank, group.active) == ("Silver", 2, False)
    assert RequestLog.objects.get().operation == Operation.UPDATE_GROUP


@pytest.mark.parametrize(
    ("active", "consequence", "sent"),
    [(True, "2 badges are shown as if they had no group", "no"), (False, "in it again", "yes")],
)
def test_a_switch_of_a_group_shows_its_effects_before_confirmation(
    desk, gold, active, consequence, sent
):
    BadgeGroup.objects.update(active=active)
    BadgeMetaFactory.create_batch(2, group=gold)

    assert consequence in desk.get(page_of(gold, "switch/")).text
    assert BadgeGroup.objects.get().active == active
    fields = {"active": sent} | shown(BadgeGroup.objects.get())
    answer = desk.post(page_of(gold, "switch/"), fields, follow=True)

    group = BadgeGroup.objects.get()
    assert (group.name, group.rank, group.active) == ("Gold", 1, not active)
    assert group.badges.count() == 2
    assert ("is disabled now" in answer.text) == active
    assert RequestLog.objects.get().operation == Operation.UPDATE_GROUP


def test_a_group_whose_name_was_taken_stays_disabled(desk, gold):
    BadgeGroup.objects.update(active=False)
    BadgeGroup.objects.create(name="Gold", rank=2)

    gold.refresh_from_db()
    answer = desk.post(page_of(gold, "switch/"), {"active": "yes"} | shown(gold), follow=True)

    assert "Another active group has this name." in answer.text
    assert not BadgeGroup.objects.get(pk=gold.pk).active
    assert RequestLog.objects.get().code == 733


def test_the_list_has_all_groups_by_rank_with_their_badges(desk, gold):
    BadgeGroup.objects.create(name="First", rank=0, active=False)
    BadgeMetaFactory.create_batch(3, group=gold)

    rows = desk.get(LIST).context["rows"]

    listed = [(row["group"].name, row["group"].use_count, row["pill"].label) for row in rows]
    assert listed == [("First", 0, "Disabled"), ("Gold", 3, "Active")]


def test_the_page_of_a_group_links_to_its_badges_by_rank(desk, gold):
    second = BadgeMetaFactory(name="Second", group=gold, rank=2)
    first = BadgeMetaFactory(name="First", group=gold, rank=1, inactive=True)
    other = BadgeMetaFactory(name="Other")

    answer = desk.get(page_of(gold))

    assert [row["badge"] for row in answer.context["rows"]] == [first, second]
    assert f'href="/desk/badges/{first.pk}/"' in answer.text
    assert other.pk not in answer.text


def test_empty_pages_of_groups_show_the_next_step(desk, client, auditor):
    assert NEW in desk.get(LIST).text
    group = BadgeGroup.objects.create(name="Gold", rank=1)
    assert "edit the badge and choose the group under Basics" in desk.get(page_of(group)).text
    BadgeGroup.objects.all().delete()
    client.force_login(auditor)
    shown = client.get(LIST).text
    assert "A supervisor can create one." in shown
    assert NEW not in shown


def test_the_pages_of_groups_of_a_reader_have_no_forms(client, auditor, gold):
    client.force_login(auditor)

    text = client.get(page_of(gold)).text + client.get(LIST).text

    assert not any(address in text for address in (NEW, "edit/", "switch/"))


def test_a_badge_is_assigned_to_a_new_group(desk, live_badge):
    form = desk.get(NEW_BADGE).text
    assert f'href="{NEW}"' in form
    desk.post(NEW, {"name": "Gold", "rank": "1"})
    group = BadgeGroup.objects.get()

    checked = desk.post(f"{NEW_BADGE}?check", badge_form(group=group.pk)).text
    desk.post(NEW_BADGE, badge_form(group=group.pk))
    desk.post(f"/desk/badges/{live_badge.pk}/edit/", edit_form(live_badge, group=group.pk))

    assert f'<option value="{group.pk}" selected>Gold</option>' in checked
    assert BadgeMeta.objects.filter(group=group).count() == 2
    assert f'href="{page_of(group)}"' in desk.get(f"/desk/badges/{live_badge.pk}/").text


def test_the_query_count_of_the_pages_of_groups_is_constant(
    desk, django_assert_max_num_queries, gold
):
    BadgeGroup.objects.bulk_create(BadgeGroup(name=f"G {rank}", rank=rank) for rank in range(25))
    BadgeMetaFactory.create_batch(25, group=gold)

    for page in (LIST, page_of(gold)):
        with django_assert_max_num_queries(10):
            assert len(desk.get(page).context["rows"]) == 20
    assert len(desk.get(page_of(gold), {"page": "2"}).context["rows"]) == 5


def test_the_pages_of_groups_escape_texts_of_users(desk):
    group = BadgeGroup.objects.create(name="<script>alert(1)</script>", rank=1)

    for page in (LIST, page_of(group), page_of(group, "switch/"), page_of(group, "edit/")):
        assert "<script>alert" not in desk.get(page).text


def test_the_refusal_of_an_invisible_name_is_a_field_error(desk):
    page = desk.post(NEW, {"name": "\u3164", "rank": "2"}).text

    assert "A name has no control or invisible characters; this one has U+3164." in page
    assert not BadgeGroup.objects.exists()
