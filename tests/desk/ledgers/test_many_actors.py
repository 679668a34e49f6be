"""Lists of thousands of integrators and claims are paged and searched, never complete."""

import pytest
from django.utils import timezone

from badges.models import ActorCount, Claim
from badges.models.values import start_of_day
from tests.factories import (
    BadgeMetaFactory,
    ClaimFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

LOG = "/desk/requests/"
LIST = "/desk/integrators/"
MANY = 45


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def engines(db):
    return [IntegratorFactory(name=f"Engine {number:02}") for number in range(MANY)]


def names_in(answer):
    return [row["integrator"].name for row in answer.context["rows"]]


class TestIntegrators:
    def test_integrators_are_shown_a_page_at_a_time(self, desk, engines):
        first, last = desk.get(LIST), desk.get(LIST, {"page": 3})

        assert names_in(first) == [engine.name for engine in engines[:20]]
        assert names_in(last) == [engine.name for engine in engines[40:]]
        assert "Page 1 of 3" in first.text

    @pytest.mark.parametrize("text", ["engine 07", "7", "client"])
    def test_integrators_are_found_by_a_part_of_the_name_or_the_whole_client_id(
        self, desk, engines, text
    ):
        asked = engines[7].client_id if text == "client" else text

        assert "Engine 07" in names_in(desk.get(LIST, {"q": asked}))

    def test_integrators_without_a_match_have_a_message(self, desk, engines):
        assert "No integrator matches" in desk.get(LIST, {"q": "x" * 20}).text

    @pytest.mark.parametrize("text", ["\0", "x" * 300])
    def test_integrators_are_searched_with_any_text(self, desk, engines, text):
        assert desk.get(LIST, {"q": text}).status_code == 200

    def test_integrators_are_shown_with_their_calls(self, desk, engines):
        today = start_of_day(timezone.now()).date()
        ActorCount.objects.create(day=today, integrator_id=engines[3].pk, requests=7, refused=2)
        row = desk.get(LIST).context["rows"][3]
        assert (row["recent"]["calls"], row["recent"]["errors"]) == (7, 2)


class TestClaims:
    def test_claims_of_a_badge_are_shown_a_page_at_a_time(self, desk):
        badge = BadgeMetaFactory()
        for number in range(MANY):
            ClaimFactory(badge=badge, reference_id=f"campaign-{number:02}")
        address = f"/desk/badges/{badge.pk}/"

        first, last = desk.get(address), desk.get(address, {"claims": 3})

        assert "campaign-00" in first.text
        assert "campaign-20" not in first.text
        assert "campaign-44" in last.text
        assert f"<span>{MANY}</span>" in desk.get("/desk/badges/").text
        assert f"{MANY} claims stay" in desk.get(f"{address}switch/").text

    def test_claims_that_were_revoked_are_not_counted(self, desk):
        badge = BadgeMetaFactory()
        ClaimFactory(badge=badge, reference_id="gone")
        Claim.objects.update(active=False)

        assert "No programme has claimed the badge" in desk.get(f"/desk/badges/{badge.pk}/").text


class TestActorFilter:
    def test_the_actor_filter_is_empty_without_a_text(self, desk, engines):
        page = desk.get(LOG).text

        assert "Engine 07" not in page
        assert page.count("<option") < MANY + 100

    def test_the_actor_filter_finds_integrators_and_users_by_a_part_of_their_name(
        self, desk, engines
    ):
        UserFactory(username="engineer")

        found = desk.get(f"{LOG}actors/", {"actor": "ENGINE"}).text

        assert found.count("<option") == 7
        assert 'value="engineer"' in found
        assert 'value="Engine 05"' in found

    @pytest.mark.parametrize("text", ["Engine 07", "engine 07", "e 07", "integrator:{pk}"], ids=str)
    def test_the_actor_filter_accepts_a_name_a_part_or_a_link(self, desk, engines, text):
        mine = RequestLogFactory(integrator=engines[7], request_id="mine-alone")
        RequestLogFactory(integrator=engines[8], request_id="somebody-elses")

        page = desk.get(LOG, {"actor": text.format(pk=engines[7].pk)})

        assert [row.pk for row in page.context["rows"]] == [mine.pk]
        assert 'value="Engine 07"' in page.text
        assert page.context["form"].query["actor"] == f"integrator:{engines[7].pk}"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("engine", "Several actors have this in their name"),
            ("nobody has this", "No integrator and no member of staff has this name"),
            ("integrator:999999", "No integrator and no member of staff has this name"),
            ("user:x", "No integrator and no member of staff has this name"),
        ],
    )
    def test_the_actor_filter_reports_no_match_and_several_matches(
        self, desk, engines, text, words
    ):
        page = desk.get(LOG, {"actor": text})

        assert page.context["rows"] == []
        assert words in page.text

    def test_the_actor_filter_distinguishes_two_actors_with_the_same_name(self, desk):
        engine, user = IntegratorFactory(name="maria"), UserFactory(username="maria")

        page = desk.get(LOG, {"actor": "maria"}).text

        assert f"maria (integrator:{engine.pk}), maria (user:{user.pk})" in page
