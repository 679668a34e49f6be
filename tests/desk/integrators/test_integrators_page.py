"""Integrators at the desk: one-time display of secrets, limits, rotation, revocation, last use."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from badges.models import Integrator, Operation, RequestLog
from badges.services.record import summaries
from tests.conftest import shown
from tests.factories import SECRET, IntegratorFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/desk/integrators/"
NEW = f"{LIST}new/"


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


def seen():
    """Return the version field of the only integrator's form."""
    return shown(Integrator.objects.get())


def page_of(integrator, rest=""):
    return f"{LIST}{integrator.pk}/{rest}"


def default():
    return [Group.objects.get(name="Default").pk]


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [("Supervisor", 200, 200), ("Auditor", 200, 403), ("MemberCare", 403, 403), (None, 403, 403)],
)
def test_each_page_of_integrators_requires_its_permission(client, integrator, role, reads, writes):
    client.force_login(UserFactory(role=role))

    for page in (LIST, page_of(integrator)):
        assert client.get(page).status_code == reads
    for page in (NEW, page_of(integrator, "rotate/"), page_of(integrator, "revoke/")):
        assert client.get(page).status_code == writes


@pytest.mark.parametrize("rest", ["", "rotate/", "revoke/"])
def test_an_auditor_may_not_submit_forms_of_integrators(client, auditor, integrator, rest):
    client.force_login(auditor)
    before = Integrator.objects.values().get()

    answer = client.post(page_of(integrator, rest), {"name": "Mine", "overlap": "0"})

    assert answer.status_code == 403
    assert Integrator.objects.values().get() == before
    assert not RequestLog.objects.exists()


def test_the_secret_of_a_new_integrator_is_shown_once_and_not_stored(desk, supervisor):
    fields = {"name": "Journeys", "access_groups": default(), "owner_types": ["Journeys"]}

    answer = desk.post(NEW, {**fields, "ends_at": "2099-12-31T12:00"}, follow=True)

    made, secret = Integrator.objects.get(), answer.context["secret"]
    assert check_password(secret, made.client_secret)
    assert secret in answer.text
    assert "no-store" in answer["Cache-Control"]
    assert (made.owner_types, made.ends_at) == (
        ["Journeys"],
        datetime(2099, 12, 31, 12, tzinfo=UTC),
    )
    assert [group.name for group in made.access_groups.all()] == ["Default"]
    request = RequestLog.objects.get()
    assert (request.operation, request.user) == (Operation.CREATE_INTEGRATOR, supervisor)
    assert secret not in request.content
    assert secret not in str(dict(desk.session))
    for page in (LIST, page_of(made)):
        assert secret not in desk.get(page).text
        assert made.client_secret not in desk.get(page).text


@pytest.mark.parametrize(("access", "is_linked"), [("public", True), ("off", False)])
def test_the_page_of_a_secret_has_the_first_call(client, desk, settings, access, is_linked):
    settings.API_DOCS = access

    page = desk.post(NEW, {"name": "Journeys", "access_groups": default()}, follow=True)

    made, secret = Integrator.objects.get(), page.context["secret"]
    call = f"curl -u '{made.client_id}:{secret}' -d grant_type=client_credentials http://testserver"
    assert f"{call}/o/token/" in page.text
    assert (f'href="{reverse("swagger")}"' in page.text) is is_linked


@pytest.mark.parametrize("name", ["Loyalty engine", ""])
def test_the_name_of_an_integrator_is_unique(desk, integrator, name):
    answer = desk.post(NEW, {"name": name})

    assert "name" in answer.context["form"].errors
    assert Integrator.objects.get() == integrator


def test_changing_the_permissions_of_an_integrator_keeps_the_secret(desk, integrator):
    fields = {"name": "Engine", "owner_types": ["Loyalty"], "ends_at": "2099-01-01T00:00"}

    desk.post(page_of(integrator), fields | seen())

    changed = Integrator.objects.get()
    assert (changed.name, changed.owner_types, changed.active) == ("Engine", ["Loyalty"], True)
    assert changed.ends_at == datetime(2099, 1, 1, tzinfo=UTC)
    assert not changed.access_groups.exists()
    assert changed.knows(SECRET)
    assert RequestLog.objects.get().operation == Operation.UPDATE_INTEGRATOR


@pytest.mark.parametrize(("overlap", "hours"), [("1", 1), ("24", 24), ("168", 168), ("0", None)])
def test_a_rotation_shows_the_new_secret_and_expires_the_old_one(
    desk, supervisor, integrator, overlap, hours
):
    before = timezone.now()

    post = {"overlap": overlap} | seen()
    answer = desk.post(page_of(integrator, "rotate/"), post, follow=True)

    changed, secret = Integrator.objects.get(), answer.context["secret"]
    assert "no-store" in answer["Cache-Control"]
    assert changed.knows(secret)
    assert changed.knows(SECRET) == (hours is not None)
    assert SECRET not in changed.previous_secret
    if hours:
        until = changed.previous_secret_ends_at - timedelta(hours=hours)
        assert before <= until <= timezone.now()
    request = RequestLog.objects.get()
    assert (request.operation, request.user) == (Operation.ROTATE_SECRET, supervisor)
    assert secret not in request.content


@pytest.mark.parametrize("overlap", ["", "2", "-1", "x"])
def test_an_invalid_overlap_is_refused(desk, integrator, overlap):
    answer = desk.post(page_of(integrator, "rotate/"), {"overlap": overlap} | seen())

    assert "overlap" in answer.context["form"].errors
    assert Integrator.objects.get().knows(SECRET)
    assert not RequestLog.objects.exists()


def test_a_revoked_integrator_gets_no_new_secret(desk):
    integrator = IntegratorFactory(active=False)

    answer = desk.post(page_of(integrator, "rotate/"), {"overlap": "0"} | seen())

    assert "A revoked integrator gets no new secret." in answer.text
    assert Integrator.objects.get().knows(SECRET)
    assert RequestLog.objects.get().code == 400


def test_revoking_an_integrator_is_confirmed_and_disables_both_secrets(desk, integrator):
    desk.post(page_of(integrator, "rotate/"), {"overlap": "24"} | seen())
    assert "Its next call is refused" in desk.get(page_of(integrator, "revoke/")).text
    assert Integrator.objects.get().active

    answer = desk.post(page_of(integrator, "revoke/"), follow=True)

    changed = Integrator.objects.get()
    assert (changed.active, changed.previous_secret) == (False, "")
    assert "is revoked" in answer.text
    assert RequestLog.objects.first().operation == Operation.UPDATE_INTEGRATOR


def test_the_list_of_integrators_has_state_last_use_calls_and_errors(desk, integrator):
    now = timezone.now()
    days = [timedelta(0), timedelta(days=1), timedelta(days=2)]
    for ago, refused in zip([days[0], *days], [False, True, True, True], strict=True):
        RequestLogFactory(
            integrator=integrator, channel="API", received_at=now - ago, refused=refused
        )
    IntegratorFactory(name="Old", active=False)
    IntegratorFactory(name="Over", ends_at=now)
    IntegratorFactory(name="Soon", ends_at=now + timedelta(days=2))
    summaries.catch_up_all()

    answer = desk.get(LIST)

    rows = {row["integrator"].name: row for row in answer.context["rows"]}
    used = rows["Loyalty engine"]
    assert (used["recent"]["calls"], used["recent"]["errors"]) == (3, 2)
    assert "Calls that change something since yesterday" in answer.text
    assert used["integrator"].last_used_at == now - days[2]
    assert rows["Old"]["integrator"].last_used_at is None
    assert {name: str(row["state"].label) for name, row in rows.items()} == {
        "Loyalty engine": "Active",
        "Old": "Revoked",
        "Over": "Ended",
        "Soon": "Ends soon",
    }


def test_the_list_of_integrators_has_no_numbers_before_the_first_count(desk, integrator):
    RequestLogFactory(integrator=integrator, channel="API", received_at=timezone.now())

    answer = desk.get(LIST)

    assert "No calls have been counted yet" in answer.text
    assert answer.text.count('class="index-number"><span>\N{EN DASH}</span>') == 2


def test_an_empty_list_of_integrators_shows_the_next_step(desk):
    assert "Create an integrator for each" in desk.get(LIST).text


def test_the_query_count_of_the_list_of_integrators_is_constant(
    desk, django_assert_max_num_queries
):
    for _ in range(12):
        IntegratorFactory()

    with django_assert_max_num_queries(12):
        desk.get(LIST)
