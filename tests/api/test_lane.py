"""The short way of an earn through the API: answered as Django would, or left to it untouched."""

import json
from contextlib import contextmanager
from datetime import timedelta

import msgspec
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oauth2_provider.models import get_access_token_model
from rest_framework.exceptions import ValidationError

from badges.api import callers
from badges.api.fields import IsoMomentField
from badges.api.lane import EarnLane, PlainEarn
from badges.api.serializers.operations import EarnInput
from badges.models import BadgeMeta, EarnedBadge, Integrator, OwnerType, RequestLog
from badges.services.definitions import claim_badge, unclaim_badge
from badges.services.integrators import revoke_integrator, rotate_secret
from badges.services.people import update_access_group
from tests.api.conftest import EARN, basic
from tests.api.test_authentication import token_for
from tests.factories import LOYALTY

pytestmark = pytest.mark.django_db

BY_DJANGO, BY_LANE = "by Django", "by the lane"


class Answer:
    """What came back, and which way it came."""

    def __init__(self, status, headers, body, way):
        self.status_code = int(status.split()[0])
        self.headers, self.body, self.way = dict(headers), body, way

    def json(self):
        return json.loads(self.body)

    @property
    def codes(self):
        return [error["code"] for error in self.json()["errors"]]


class Server:
    """The lane with Django behind it, and the calls that reached Django."""

    def __init__(self):
        self.django, self.reached = WSGIHandler(), 0
        self.lane = EarnLane(self._behind)

    def _behind(self, environ, start_response):
        self.reached += 1
        return self.django(environ, start_response)

    def earn(self, body, path=EARN, content_type="application/json", **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Host": "testserver"} | headers
        request = RequestFactory().generic(
            "POST", path, content, content_type=content_type, headers=headers
        )
        with connections_kept():
            return self._answer(request.environ)

    def _answer(self, environ):
        before, started = self.reached, []
        chunks = self.lane(environ, lambda *start: started.append(start[:2]))
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        return Answer(*started[0], content, BY_LANE if self.reached == before else BY_DJANGO)


@contextmanager
def connections_kept():
    """As with Django's own client, a request does not close the connection of the test."""
    signals = request_started, request_finished
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def server(db):
    return Server()


@pytest.fixture
def caller(integrator):
    return basic(integrator.client_id)


@pytest.fixture
def known(server, caller, wish):
    """A caller that the lane knows, with a badge that it knows."""
    assert server.earn(wish(), **caller).way == BY_DJANGO
    return caller


def test_the_second_call_of_a_caller_takes_the_short_way(server, caller, wish):
    ways = [server.earn(wish(), **caller) for _time in range(3)]
    assert [answer.status_code for answer in ways] == [200, 200, 200]
    assert [answer.way for answer in ways] == [BY_DJANGO, BY_LANE, BY_LANE]
    assert EarnedBadge.objects.count() == RequestLog.objects.count() == 3


@pytest.mark.parametrize("request_id", [2132, "2133", "grüße"])
@pytest.mark.parametrize("date", [{}, {"earnEventDate": "2026-02-01T10:00:00+02:00"}])
def test_both_ways_answer_and_write_alike(server, caller, known, wish, date, request_id):
    body = wish(requestId=request_id, **date)
    short = server.earn(body, **known)
    callers.forget(caller["authorization"])
    long = server.earn(wish(requestId=f"{request_id}, long", **date), **caller)

    assert (short.way, long.way) == (BY_LANE, BY_DJANGO)
    data, other = short.json()["data"], long.json()["data"]
    assert data["requestId"] == request_id
    assert list(data) == list(other)
    for name in ("badgeMetaId", "customerId", "issuedId"):
        assert data[name] == other[name]
    assert short.json() | {"data": None} == long.json() | {"data": None}
    for name in ("Content-Type", "X-Content-Type-Options", "X-Frame-Options"):
        assert short.headers[name] == long.headers[name]
    assert short.headers["Content-Length"] == str(len(short.body))
    rows = [
        RequestLog.objects.values(
            *("operation", "channel", "integrator", "badge", "customer_id", "outcome", "errors")
        ).get(request_id=answer.json()["data"]["requestId"])
        for answer in (short, long)
    ]
    assert rows[0] == rows[1]
    facts = EarnedBadge.objects.in_bulk([data["earnedBadgeId"], other["earnedBadgeId"]]).values()
    assert len({(fact.owner_type, fact.reference_id, fact.enrolment_id) for fact in facts}) == 1
    assert RequestLog.objects.get(request_id=str(request_id)).content == json.dumps(body)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({}, {"Idempotency-Key": "k"}),
        ({"badgeMetaId": "LEFT OUT"}, {}),
        ({"customerId": "1001"}, {}),
        ({"earnEventDate": 1_770_000_000}, {}),
    ],
)
def test_what_is_not_plain_is_left_to_django(server, known, wish, body, headers):
    answer = server.earn(wish(**body), **known, **headers)
    assert (answer.way, answer.status_code) == (BY_DJANGO, 200)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"customerId": True}, 400),
        ({"customerId": 1.0}, 400),
        ({"requestId": True}, 400),
        ({"requestId": ""}, 804),
        ({"badgeMetaId": "f" * 24}, 404),
        ({"triggeredBy": {"ownerType": "Loyalty", "referenceId": "another"}}, 810),
        ({"triggeredBy": {"ownerType": "Membercare", "referenceId": "123694"}}, 400),
        ({"earnEventDate": "2099-01-01"}, 750),
        ({"earnEventDate": "soon"}, 400),
    ],
)
def test_a_refusal_comes_from_django_and_is_recorded_once(server, known, wish, body, code):
    answer = server.earn(wish(**body), **known)
    assert (answer.way, answer.codes) == (BY_DJANGO, [code])
    assert RequestLog.objects.filter(code=code).count() == 1
    assert EarnedBadge.objects.count() == 1


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1, "a": 2}', b"\xff", b"[" * 99])
def test_what_is_no_json_is_left_to_django(server, known, content):
    answer = server.earn(content, **known)
    assert (answer.way, answer.status_code) == (BY_DJANGO, 400)
    assert EarnedBadge.objects.count() == 1


def test_a_repeat_is_told_by_django(server, known, wish):
    body = wish()
    assert server.earn(body, **known).way == BY_LANE
    answer = server.earn(body, **known)
    assert (answer.way, answer.codes) == (BY_DJANGO, [809])
    assert EarnedBadge.objects.count() == 2


def test_another_host_is_left_to_django(server, known, wish):
    answer = server.earn(wish(), **known, Host="elsewhere.example")
    assert (answer.way, answer.status_code) == (BY_DJANGO, 400)
    assert EarnedBadge.objects.count() == 1


class TestTheNextCallObeys:
    def test_a_revoked_integrator(self, server, known, wish, integrator, desk_origin):
        revoke_integrator(origin=desk_origin, integrator_id=integrator.pk)
        assert server.earn(wish(), **known).status_code == 401
        assert EarnedBadge.objects.count() == 1

    def test_a_rotated_secret(self, server, known, wish, integrator, desk_origin):
        about = {"origin": desk_origin, "integrator_id": integrator.pk}
        rotate_secret(**about, overlap=timedelta(0))
        assert server.earn(wish(), **known).status_code == 401
        assert EarnedBadge.objects.count() == 1

    def test_the_end_of_an_overlap(self, server, known, wish, integrator, desk_origin):
        about = {"origin": desk_origin, "integrator_id": integrator.pk}
        rotate_secret(**about, overlap=timedelta(hours=1))
        assert server.earn(wish(), **known).way == BY_DJANGO  # and is known again until the end
        assert server.earn(wish(), **known).way == BY_LANE
        moment = timezone.now() - timedelta(seconds=1)
        Integrator.objects.update(previous_secret_ends_at=moment)
        caller = callers.recall(known["authorization"])
        callers.remember(known["authorization"], caller.integrator, until=moment)
        assert server.earn(wish(), **known).status_code == 401

    def test_a_right_that_was_taken(self, server, known, wish, integrator, desk_origin):
        group = integrator.access_groups.get()
        about = {"group_id": group.pk, "name": group.name, "permissions": []}
        update_access_group(origin=desk_origin, **about)
        assert server.earn(wish(), **known).status_code == 403
        assert EarnedBadge.objects.count() == 1

    def test_a_badge_that_was_edited(self, server, known, wish, live_badge, desk_origin):
        BadgeMeta.objects.filter(pk=live_badge.pk).update(
            active=False, version=live_badge.version + 1
        )
        assert server.earn(wish(), **known).codes == [815]
        assert EarnedBadge.objects.count() == 1

    def test_a_claim_that_was_given_up(self, server, known, wish, live_badge, desk_origin):
        unclaim_badge(origin=desk_origin, badge_id=live_badge.pk, owner=LOYALTY)
        assert server.earn(wish(), **known).codes == [810]
        claim_badge(origin=desk_origin, badge_id=live_badge.pk, owner=LOYALTY)
        assert server.earn(wish(), **known).status_code == 200

    @pytest.mark.parametrize("end", ["expired", "gone"])
    def test_a_token(self, server, client, wish, integrator, end):
        bearer = {"authorization": f"Bearer {token_for(client, integrator)}"}
        ways = [server.earn(wish(), **bearer).way for _time in range(2)]
        assert ways == [BY_DJANGO, BY_LANE]
        tokens = get_access_token_model().objects
        if end == "gone":
            tokens.all().delete()
        else:
            tokens.update(expires=timezone.now() - timedelta(seconds=1))
        assert server.earn(wish(), **bearer).status_code == 401
        assert EarnedBadge.objects.count() == 2


def texts(least, most):
    """Texts that the parser lets through, which refuses NUL and lone surrogates."""
    characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    return st.text(characters, min_size=least, max_size=most)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "1001", " 1", "2026-01-01", "2026-02-30T00:00:00Z", "x" * 300, "é"])
)
owner_types = st.sampled_from([*OwnerType.values, "loyalty", ""])
triggers = st.fixed_dictionaries(
    {}, optional={"ownerType": owner_types | scalars, "referenceId": texts(0, 3) | scalars}
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "badgeMetaId": st.just("a" * 24) | scalars,
        "customerId": st.integers(1, 2**63) | scalars,
        "requestId": texts(0, 3) | scalars,
        "triggeredBy": triggers | scalars,
        "earnEventDate": scalars,
        "earnEventDateISO": scalars,
        "other": scalars,
    },
)
good = st.fixed_dictionaries(
    {
        "badgeMetaId": st.just("a" * 24) | texts(1, 4),
        "customerId": st.integers(1, 2**63 - 1),
        "requestId": st.integers() | texts(1, 102),
        "triggeredBy": st.fixed_dictionaries(
            {
                "ownerType": st.sampled_from(OwnerType.values),
                "referenceId": texts(1, 4) | st.just("x" * 256),
            }
        ),
    },
    optional={
        "earnEventDate": st.sampled_from(["2026-01-01", "2026-01-01T10:00:00+14:00", "1", ""]),
        "earnEventDateISO": st.sampled_from(["2026-01-01T10:00:00.123456Z", "never"]),
    },
)


@pytest.mark.django_db(databases=[])
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies | good)
def test_what_the_lane_takes_means_the_same_at_the_endpoint(body):
    try:
        plain = msgspec.convert(body, PlainEarn)
        moments = [
            IsoMomentField().to_internal_value(text)
            for text in (plain.earnEventDateISO, plain.earnEventDate)
            if text is not None
        ]
    except (msgspec.ValidationError, ValidationError):
        return
    form = EarnInput(data=body)
    assert form.is_valid(), form.errors
    meant = form.validated_data
    assert meant["badge_id"] == plain.badgeMetaId
    assert meant["customer_id"] == plain.customerId
    assert str(meant["request_id"]) == str(plain.requestId)
    assert meant["owner"].owner_type == plain.triggeredBy.ownerType
    assert meant["owner"].reference_id == plain.triggeredBy.referenceId
    assert meant.get("event_at") == (moments[0] if moments else None)


def test_nothing_is_known_of_who_was_refused(server, integrator, wish):
    for _time in range(2):
        answer = server.earn(wish(), **basic(integrator.client_id, "wrong"))
        assert (answer.way, answer.status_code) == (BY_DJANGO, 401)
    assert not EarnedBadge.objects.exists()
