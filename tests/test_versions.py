"""Two users edit one row: an outdated page never reverts the changes of the other user."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from badges.models import (
    BadgeGroup,
    BadgeMeta,
    Integrator,
    Limit,
    LimitKind,
    LimitLevel,
    RequestLog,
    RequestOutcome,
    Unit,
)
from badges.services.access.integrators import revoke_integrator, rotate_secret
from badges.services.catalogue.definitions import BadgeDraft, switch_badge, update_badge
from tests.conftest import in_thread
from tests.factories import BadgeMetaFactory
from tests.two_people import CASES, badge, browser, faults, form_in, has, integrator, state

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def codes():
    refused = RequestLog.objects.filter(outcome=RequestOutcome.REFUSED)
    return list(refused.values_list("code", flat=True))


@pytest.mark.django_db
@every_case
def test_an_outdated_form_saves_nothing_and_is_shown_again_with_its_entries(case):
    row, one, two = case.make(), browser(), browser()
    address = case.address(row)
    first, second = form_in(one.get(address), **case.one), form_in(two.get(address), **case.two)

    saved = one.post(address, first)
    before = state(row)
    conflict = two.post(address, second)

    assert saved.status_code == 302, faults(saved)
    assert has(row, case.one)
    assert conflict.status_code == 200
    assert "Somebody has changed this meanwhile" in conflict.text
    assert state(row) == before
    again = form_in(conflict)
    for name, value in case.two.items():  # the typed values are kept
        assert again[name] == [value]
    for name, value in case.one.items():  # the values of the other user are adopted
        assert again.get(name) == (value if isinstance(value, list | None) else [value])
    assert two.post(address, again).status_code == 302
    assert has(row, case.one)
    assert has(row, case.two)


@pytest.mark.django_db
@every_case
def test_a_form_without_its_version_saves_nothing(case):
    row, one = case.make(), browser()
    before = state(row)
    posted = form_in(one.get(case.address(row)), **case.two)
    del posted["seen_version"]

    answer = one.post(case.address(row), posted)

    assert "Somebody has changed this meanwhile" in answer.text
    assert state(row) == before


@pytest.mark.django_db(transaction=True)
@every_case
def test_one_of_two_concurrent_saves_is_refused(case):
    row, browsers = case.make(), [browser(), browser()]
    address, start = case.address(row), Barrier(2)
    posts = [
        form_in(each.get(address), **typed)
        for each, typed in zip(browsers, (case.one, case.two), strict=True)
    ]

    def post(client, posted):
        start.wait(timeout=30)
        return client.post(address, posted)

    with ThreadPoolExecutor(2) as threads:
        calls = [
            threads.submit(in_thread, lambda client=client, posted=posted: post(client, posted))
            for client, posted in zip(browsers, posts, strict=True)
        ]
        answers = [call.result(timeout=60) for call in calls]

    assert sorted(answer.status_code for answer in answers) == [200, 302]
    conflict = next(index for index, answer in enumerate(answers) if answer.status_code == 200)
    assert "Somebody has changed this meanwhile" in answers[conflict].text
    typed = (case.one, case.two)
    assert has(row, typed[1 - conflict])
    assert not has(row, typed[conflict])
    again = form_in(answers[conflict])
    assert browsers[conflict].post(address, again).status_code == 302
    assert has(row, case.one)
    assert has(row, case.two)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["integrator at the desk", "integrator in the admin"])
@pytest.mark.parametrize("change", ["revoked", "rotated"])
def test_an_outdated_form_of_an_integrator_saves_nothing(page, change, desk_origin):
    case, client = CASES[page], browser()
    row = case.make()
    posted = form_in(client.get(case.address(row)), name="After")
    about = {"origin": desk_origin, "integrator_id": row.pk}
    if change == "revoked":
        revoke_integrator(**about)
    else:
        rotate_secret(**about, overlap=timedelta(hours=1))
    before = state(row)

    conflict = client.post(case.address(row), posted)
    assert "Somebody has changed this meanwhile" in conflict.text
    assert state(row) == before
    client.post(case.address(row), form_in(conflict))

    after = state(row)
    assert after["name"] == "After"
    for name in ("active", "client_secret", "previous_secret", "previous_secret_ends_at"):
        assert after[name] == before[name]


@pytest.mark.django_db(transaction=True)
def test_a_revocation_survives_a_concurrent_edit():
    row, clients, start = integrator(), [browser(), browser()], Barrier(2)
    page = reverse("desk:integrator", args=[row.pk])
    posted = form_in(clients[0].get(page), name="After")

    def post(client, address, fields):
        start.wait(timeout=30)
        return client.post(address, fields)

    with ThreadPoolExecutor(2) as threads:
        revoke = reverse("desk:integrator-revoke", args=[row.pk])
        calls = [
            threads.submit(in_thread, lambda: post(clients[0], page, posted)),
            threads.submit(in_thread, lambda: post(clients[1], revoke, {})),
        ]
        answers = [call.result(timeout=60) for call in calls]

    assert answers[1].status_code == 302
    assert not Integrator.objects.get(pk=row.pk).active


@pytest.mark.django_db
def test_the_second_of_two_rotations_is_refused_and_the_new_secret_kept():
    row, one, two = integrator(), browser(), browser()
    address = reverse("desk:integrator-rotate", args=[row.pk])
    first, second = (form_in(each.get(address), overlap="0") for each in (one, two))

    secret = one.post(address, first, follow=True).context["secret"]
    conflict = two.post(address, second)

    assert "Somebody has changed this meanwhile" in conflict.text
    assert Integrator.objects.get(pk=row.pk).knows(secret)
    assert codes() == [412]


@pytest.mark.django_db
def test_an_outdated_form_does_not_reactivate_a_badge(desk_origin):
    row, client = BadgeMetaFactory(active=False), browser()
    address = reverse("desk:definition-switch", args=[row.pk])
    posted = form_in(client.get(address))
    for active in (True, False):
        switch_badge(origin=desk_origin, badge_id=row.pk, active=active)

    answer = client.post(address, posted, follow=True)

    assert "Somebody has changed this meanwhile" in answer.text
    assert not BadgeMeta.objects.get().active


@pytest.mark.django_db
def test_a_deactivation_applies_to_any_version(desk_origin):
    row, client = badge(), browser()
    address = reverse("desk:definition-switch", args=[row.pk])
    posted = form_in(client.get(address))
    for active in (False, True):
        switch_badge(origin=desk_origin, badge_id=row.pk, active=active)

    client.post(address, posted)
    client.post(address, posted)

    assert not BadgeMeta.objects.get().active
    assert codes() == []


@pytest.mark.django_db
def test_an_outdated_form_does_not_enable_a_group():
    row, client = BadgeGroup.objects.create(name="Before", rank=1, active=False), browser()
    address = reverse("desk:group-switch", args=[row.pk])
    posted = form_in(client.get(address))
    BadgeGroup.objects.update(rank=2)

    answer = client.post(address, posted, follow=True)

    assert "Somebody has changed this meanwhile" in answer.text
    assert not BadgeGroup.objects.get().active


@pytest.mark.django_db
def test_differing_fields_are_named():
    case = CASES["group at the desk"]
    row, client = case.make(), browser()
    address = case.address(row)
    posted = form_in(client.get(address), name="Mine")
    BadgeGroup.objects.update(name="Theirs", rank=5)

    page = client.post(address, posted)

    differences = page.context["form"].differences
    assert [(each.label, each.own_value, each.their_value) for each in differences] == [
        ("Name", "“Mine”", "“Theirs”"),
        ("Rank", "", "“5”"),
    ]
    assert "Keep mine" in page.text


@pytest.mark.django_db
@pytest.mark.parametrize(("choice", "name"), [("mine", "Mine"), ("theirs", "Theirs")])
def test_a_user_chooses_a_value_for_each_differing_field(choice, name):
    """F15"""
    case = CASES["group at the desk"]
    row, client = case.make(), browser()
    address = case.address(row)
    posted = form_in(client.get(address), name="Mine")
    BadgeGroup.objects.update(name="Theirs", rank=5)
    conflict = client.post(address, posted)
    again = form_in(conflict, **{"choice-name": choice})

    assert client.post(address, again).status_code == 302

    group = BadgeGroup.objects.get()
    assert (group.name, group.rank) == (name, 5)


@pytest.mark.django_db
def test_a_conflict_names_the_user_and_the_time_of_the_change(supervisor):
    """F15"""
    case = CASES["badge at the desk"]
    row, client = case.make(), browser()
    address = case.address(row)
    posted = form_in(client.get(address), **case.two)
    other = Client()
    other.force_login(supervisor)
    other.post(address, form_in(other.get(address), **case.one))

    page = client.post(address, posted)

    assert "Changed by simon" in page.text
    assert page.context["forms"].form.last_change["at"]


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["person in the admin", "access group in the admin"])
def test_an_edit_writes_only_changed_columns(page):
    case, client = CASES[page], browser()
    row = case.make()
    posted = form_in(client.get(case.address(row)), **case.two)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.post(case.address(row), posted).status_code == 302

    table = type(row)._meta.db_table
    (update,) = [each["sql"] for each in queries if each["sql"].startswith(f'UPDATE "{table}"')]
    assert update.count(" = ") == 2  # the column and the key


def limit_of(most):
    return Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, most)


def changed_limit(badge, origin, most):
    """Change the limit of a badge, as another user does."""
    values = {"description": "By one"}
    draft = BadgeDraft(values=values, owners=["Loyalty"], limits=[limit_of(most)])
    update_badge(origin=origin, badge_id=badge.pk, draft=draft)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["badge at the desk", "badge in the admin"])
def test_limits_changed_by_another_user_are_kept(page, desk_origin):
    case, client = CASES[page], browser()
    row = badge()
    changed_limit(row, desk_origin, 5)
    posted = form_in(client.get(case.address(row)), rank="7")
    changed_limit(row, desk_origin, 3)

    conflict = client.post(case.address(row), posted)
    saved = client.post(case.address(row), form_in(conflict))

    assert "Somebody has changed this meanwhile" in conflict.text
    assert saved.status_code == 302, faults(saved)
    assert [limit.max_earns for limit in row.limits.all()] == [3]
    assert state(row)["rank"] == 7


@pytest.mark.django_db
def test_limits_changed_by_both_users_are_shown_as_typed_and_named(desk_origin):
    case, client = CASES["badge at the desk"], browser()
    row = badge()
    changed_limit(row, desk_origin, 5)
    page = client.get(case.address(row))
    posted = form_in(page, **{"limits-0-max_earns": "9"})
    changed_limit(row, desk_origin, 3)

    conflict = client.post(case.address(row), posted)

    assert "Limits: now Each customer: at most 3" in conflict.text
    assert form_in(conflict)["limits-0-max_earns"] == ["9"]
    assert [limit.max_earns for limit in row.limits.all()] == [3]


@pytest.mark.django_db
def test_unchanged_rows_of_a_badge_keep_their_keys(desk_origin):
    row = badge()
    changed_limit(row, desk_origin, 5)
    parts = [row.limits, row.owners]
    before = [list(part.values_list("pk", flat=True)) for part in parts]

    changed_limit(row, desk_origin, 5)

    assert [list(part.values_list("pk", flat=True)) for part in parts] == before


@pytest.mark.django_db
def test_a_badge_with_successive_windows_can_be_edited(desk_origin):
    case, client = CASES["badge at the desk"], browser()
    row = badge()
    for days in (2, 3):
        window = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 5, Unit.DAYS, days)
        draft = BadgeDraft(values={}, owners=["Loyalty"], limits=[window])
        update_badge(origin=desk_origin, badge_id=row.pk, draft=draft)
    before = list(row.limits.values())
    assert len(before) == 2

    answer = client.post(case.address(row), form_in(client.get(case.address(row)), rank="7"))

    assert answer.status_code == 302, faults(answer)
    assert state(row)["rank"] == 7
    assert list(row.limits.values()) == before
