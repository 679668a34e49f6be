"""The fast path of the API answers an earn as Django would, or passes it on unchanged."""

import json
from datetime import timedelta

import msgspec
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oauth2_provider.models import get_access_token_model
from rest_framework.exceptions import ValidationError

from badges.api import credential_cache
from badges.api.fast_earn import MAX_HOSTS, PlainEarn
from badges.api.fields import IsoDateTimeField
from badges.api.serializers.operations import EarnInput
from badges.models import (
    BadgeMeta,
    EarnedBadge,
    Integrator,
    Limit,
    LimitKind,
    LimitLevel,
    OwnerType,
    RequestLog,
)
from badges.services.access.integrators import revoke_integrator, rotate_secret
from badges.services.access.people import update_access_group
from badges.services.catalogue.definitions import claim_badge, unclaim_badge
from badges.services.earning.inserts import insert_if_current
from tests.api.conftest import TRIGGER, basic, token_for
from tests.api.fast_earn import BY_DJANGO, BY_FAST_PATH, Server
from tests.connections import connections_kept
from tests.factories import LOYALTY, BadgeMetaFactory

pytestmark = pytest.mark.django_db

ONE_EACH = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)


@pytest.fixture(params=[False, True], ids=["alone", "in a batch"])
def server(db, request):
    return Server(in_batches=request.param)


in_a_batch = pytest.mark.parametrize("server", [True], indirect=True, ids=["in a batch"])


@pytest.fixture
def caller(integrator):
    return basic(integrator.client_id)


@pytest.fixture
def cached(server, caller, earn_body):
    """Return the headers of a caller. The middleware has cached the caller and the badge."""
    assert server.earn(earn_body(), **caller).answered_by == BY_DJANGO
    return caller


@pytest.mark.django_db(transaction=True)
def test_the_second_call_of_an_integrator_takes_the_fast_path(server, caller, earn_body):
    ways = [server.earn(earn_body(), **caller) for _time in range(3)]
    assert [answer.status_code for answer in ways] == [200, 200, 200]
    assert [answer.answered_by for answer in ways] == [BY_DJANGO, BY_FAST_PATH, BY_FAST_PATH]
    assert EarnedBadge.objects.count() == RequestLog.objects.count() == 3


@pytest.mark.parametrize("request_id", [2132, "2133", "grüße"])
@pytest.mark.parametrize("date", [{}, {"earnEventDate": "2026-02-01T10:00:00+02:00"}])
def test_the_fast_path_answers_and_writes_like_django(
    server, caller, cached, earn_body, date, request_id
):
    body = earn_body(requestId=request_id, **date)
    short = server.earn(body, **cached)
    credential_cache.forget(caller["authorization"])
    long = server.earn(earn_body(requestId=f"{request_id}, long", **date), **caller)

    assert (short.answered_by, long.answered_by) == (BY_FAST_PATH, BY_DJANGO)
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
    "date", ["2026-02-01", "2026-02-01t10:00:00z", "2026-02-01T10:00:00.25+02:00"]
)
@pytest.mark.parametrize("name", ["earnEventDate", "earnEventDateISO"])
def test_the_fast_path_reads_a_date_like_django(server, cached, earn_body, name, date):
    by_fast_path = server.earn(earn_body(**{name: date}), **cached)
    by_django = server.earn(earn_body(**{name: date}), **cached, **{"Idempotency-Key": "k"})

    assert (by_fast_path.answered_by, by_django.answered_by) == (BY_FAST_PATH, BY_DJANGO)
    assert len({fact.event_at for fact in EarnedBadge.objects.order_by("-request_id")[:2]}) == 1
    assert (by_fast_path.json()["warnings"], by_django.json()["warnings"]) == ([], [])


@pytest.mark.parametrize("date", ["2026-W05", "20260201", "2026-02-01 10:00:00", "2026-02-01T10"])
def test_the_fast_path_leaves_an_invalid_date_to_django(server, cached, earn_body, date):
    answer = server.earn(earn_body(earnEventDateISO=date), **cached)

    assert (answer.answered_by, answer.codes) == (BY_DJANGO, [400])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({}, {"Idempotency-Key": "k"}),
        ({"badgeMetaId": "LEFT OUT"}, {}),
        ({"customerId": "1001"}, {}),
        ({"earnEventDate": 1_770_000_000}, {}),
        ({"earnDate": "2026-02-01"}, {}),
        ({"triggeredBy": TRIGGER | {"kind": "x"}}, {}),
        ({"earnEventDate": "2026-02-01", "earnEventDateISO": "2026-02-01"}, {}),
        ({"earnEventDate": "2026-02-02", "earnEventDateISO": "2026-02-01"}, {}),
    ],
)
def test_the_fast_path_leaves_other_requests_to_django(server, cached, earn_body, body, headers):
    answer = server.earn(earn_body(**body), **cached, **headers)
    assert (answer.answered_by, answer.status_code) == (BY_DJANGO, 200)


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
def test_the_fast_path_leaves_a_refusal_to_django_which_records_it_once(
    server, cached, earn_body, body, code
):
    answer = server.earn(earn_body(**body), **cached)
    assert (answer.answered_by, answer.codes) == (BY_DJANGO, [code])
    assert RequestLog.objects.filter(code=code).count() == 1
    assert EarnedBadge.objects.count() == 1


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1, "a": 2}', b"\xff", b"[" * 99])
def test_the_fast_path_leaves_invalid_json_to_django(server, cached, content):
    answer = server.earn(content, **cached)
    assert (answer.answered_by, answer.status_code) == (BY_DJANGO, 400)
    assert EarnedBadge.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_fast_path_leaves_a_repeated_request_to_django(server, cached, earn_body):
    body = earn_body()
    assert server.earn(body, **cached).answered_by == BY_FAST_PATH
    answer = server.earn(body, **cached)
    assert (answer.answered_by, answer.codes) == (BY_DJANGO, [809])
    assert EarnedBadge.objects.count() == 2


def test_the_fast_path_caches_a_maximum_number_of_hosts(server, cached, earn_body, settings):
    settings.ALLOWED_HOSTS = [".testserver"]
    hosts = [f"{number}.testserver" for number in range(MAX_HOSTS + 1)]
    server.middleware.answers([server.request(earn_body(), Host=host, **cached) for host in hosts])
    assert server.middleware._is_known_host.cache_info().currsize == MAX_HOSTS


def test_the_fast_path_leaves_another_host_to_django(server, cached, earn_body):
    answer = server.earn(earn_body(), **cached, Host="elsewhere.example")
    assert (answer.answered_by, answer.status_code) == (BY_DJANGO, 400)
    assert EarnedBadge.objects.count() == 1


@in_a_batch
def test_the_fast_path_writes_the_earns_of_a_batch_in_one_statement(
    server, cached, earn_body, needs_postgresql, django_assert_num_queries
):
    environs = [server.request(earn_body(customerId=number), **cached) for number in range(1, 4)]

    with connections_kept(), django_assert_num_queries(1):
        answers = server.middleware.answers(environs)

    assert [json.loads(answer)["data"]["customerId"] for answer in answers] == [1, 2, 3]
    assert EarnedBadge.objects.count() == RequestLog.objects.count() == 4  # one filled the cache


@pytest.mark.django_db(transaction=True)
def test_each_request_of_a_batch_has_its_own_response(server, cached, earn_body, live_badge):
    limited = BadgeMetaFactory(claimed=True, limits=[ONE_EACH])
    environs = [
        server.request(body, **(cached | headers))
        for body, headers in [
            (earn_body(customerId=1), {}),
            (earn_body(customerId=2, badgeMetaId="f" * 24), {}),
            (earn_body(customerId=3, requestId="twice"), {}),
            (earn_body(customerId=4, requestId="twice"), {}),
            (b"{", {}),
            (earn_body(customerId=5, badgeMetaId=limited.pk), {}),
            (earn_body(customerId=5), {}),
            (earn_body(customerId=5, badgeMetaId=limited.pk), {}),
            (earn_body(customerId=6), {"Authorization": "Basic Yjpi"}),
        ]
    ]

    answers = server.earn_all(environs)

    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 404, 200, 400, 400, 200, 200, 409, 401]
    earned = EarnedBadge.objects.filter(
        pk__in=[
            answer.json()["data"]["earnedBadgeId"]
            for answer in answers
            if answer.status_code == 200
        ]
    )
    assert sorted(earned.values_list("customer_id", "badge_id")) == sorted(
        [(1, live_badge.pk), (3, live_badge.pk), (5, limited.pk), (5, live_badge.pk)]
    )


@in_a_batch
def test_a_failing_earn_does_not_affect_others_of_its_batch(server, cached, earn_body, monkeypatch):
    def fail_for_two(earns):
        if 2 in [row.customer_id for _command, row in earns]:
            raise ValueError("a fault of the program")
        return insert_if_current(earns)

    monkeypatch.setattr("badges.services.earning.fast_path.insert_if_current", fail_for_two)
    environs = [server.request(earn_body(customerId=number), **cached) for number in (1, 2, 3)]

    with connections_kept():
        bodies = server.middleware.answers(environs)

    assert [bool(body) for body in bodies] == [True, False, True]
    assert sorted(EarnedBadge.objects.values_list("customer_id", flat=True))[:2] == [1, 3]


class TestChangesApply:
    def test_the_fast_path_notices_a_revoked_integrator(
        self, server, cached, earn_body, integrator, desk_origin
    ):
        revoke_integrator(origin=desk_origin, integrator_id=integrator.pk)
        assert server.earn(earn_body(), **cached).status_code == 401
        assert EarnedBadge.objects.count() == 1

    def test_the_fast_path_notices_a_rotated_secret(
        self, server, cached, earn_body, integrator, desk_origin
    ):
        about = {"origin": desk_origin, "integrator_id": integrator.pk}
        rotate_secret(**about, overlap=timedelta(0))
        assert server.earn(earn_body(), **cached).status_code == 401
        assert EarnedBadge.objects.count() == 1

    def test_the_fast_path_notices_the_end_of_an_overlap(
        self, server, cached, earn_body, integrator, desk_origin
    ):
        about = {"origin": desk_origin, "integrator_id": integrator.pk}
        rotate_secret(**about, overlap=timedelta(hours=1))
        assert (
            server.earn(earn_body(), **cached).answered_by == BY_DJANGO
        )  # cached again until the overlap ends
        assert server.earn(earn_body(), **cached).answered_by == BY_FAST_PATH
        past = timezone.now() - timedelta(seconds=1)
        Integrator.objects.update(previous_secret_ends_at=past)
        caller = credential_cache.recall(cached["authorization"])
        credential_cache.remember(cached["authorization"], caller.integrator, until=past)
        assert server.earn(earn_body(), **cached).status_code == 401

    def test_the_fast_path_notices_a_removed_permission(
        self, server, cached, earn_body, integrator, desk_origin
    ):
        group = integrator.access_groups.get()
        about = {"group_id": group.pk, "name": group.name, "permissions": []}
        update_access_group(origin=desk_origin, **about)
        assert server.earn(earn_body(), **cached).status_code == 403
        assert EarnedBadge.objects.count() == 1

    def test_the_fast_path_notices_an_edited_badge(
        self, server, cached, earn_body, live_badge, desk_origin
    ):
        BadgeMeta.objects.filter(pk=live_badge.pk).update(
            active=False, version=live_badge.version + 1
        )
        assert server.earn(earn_body(), **cached).codes == [815]
        assert EarnedBadge.objects.count() == 1

    def test_the_fast_path_notices_a_revoked_claim(
        self, server, cached, earn_body, live_badge, desk_origin
    ):
        unclaim_badge(origin=desk_origin, badge_id=live_badge.pk, owner=LOYALTY)
        assert server.earn(earn_body(), **cached).codes == [810]
        claim_badge(origin=desk_origin, badge_id=live_badge.pk, owner=LOYALTY)
        assert server.earn(earn_body(), **cached).status_code == 200

    @pytest.mark.parametrize("end", ["expired", "gone"])
    def test_the_fast_path_notices_an_expired_token(
        self, server, client, earn_body, integrator, end
    ):
        bearer = {"authorization": f"Bearer {token_for(client, integrator)}"}
        ways = [server.earn(earn_body(), **bearer).answered_by for _time in range(2)]
        assert ways == [BY_DJANGO, BY_FAST_PATH]
        tokens = get_access_token_model().objects
        if end == "gone":
            tokens.all().delete()
        else:
            tokens.update(expires=timezone.now() - timedelta(seconds=1))
        assert server.earn(earn_body(), **bearer).status_code == 401
        assert EarnedBadge.objects.count() == 2


def texts(least, most):
    """Return a strategy of texts without NUL and lone surrogates, which the parser refuses."""
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
def test_the_fast_path_reads_a_body_as_the_endpoint_does(body):
    try:
        plain = msgspec.convert(body, PlainEarn)
        datetimes = [
            IsoDateTimeField().to_internal_value(text)
            for text in (plain.earnEventDateISO, plain.earnEventDate)
            if text is not None
        ]
    except (msgspec.ValidationError, ValidationError):
        return
    form = EarnInput(data=body)
    assert form.is_valid(), form.errors
    data = form.validated_data
    assert data["badge_id"] == plain.badgeMetaId
    assert data["customer_id"] == plain.customerId
    assert str(data["request_id"]) == str(plain.requestId)
    assert data["owner"].owner_type == plain.triggeredBy.ownerType
    assert data["owner"].reference_id == plain.triggeredBy.referenceId
    assert data.get("event_at") == (datetimes[0] if datetimes else None)


def test_refused_credentials_are_not_cached(server, integrator, earn_body):
    for _time in range(2):
        answer = server.earn(earn_body(), **basic(integrator.client_id, "wrong"))
        assert (answer.answered_by, answer.status_code) == (BY_DJANGO, 401)
    assert not EarnedBadge.objects.exists()
