"""A write with an `Idempotency-Key` is executed once, and repeats get the same response."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import OperationalError, connection, transaction

from badges.models import EarnedBadge, RequestLog, StoredAnswer
from tests.api.conftest import ApiClient, codes, references
from tests.api.faults import Broken
from tests.conftest import in_thread
from tests.factories import BadgeMetaFactory, IntegratorFactory
from tests.waiting import TIMEOUT

pytestmark = pytest.mark.django_db

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
REPLAYED = "Idempotency-Replayed"


@pytest.fixture
def keyed(api):
    """Return a function that sends an earn with a key, `KEY` by default."""

    def earn(body, key=KEY):
        return api.earn(body, **{"Idempotency-Key": key})

    return earn


def test_a_repeat_has_the_response_of_the_first_call(keyed, earn_body):
    body = earn_body(requestId=2132)

    first, second, third = (keyed(body) for _time in range(3))

    assert first.status_code == second.status_code == third.status_code == 200
    assert first.content == second.content == third.content
    assert first["Content-Type"] == second["Content-Type"] == "application/json"
    assert REPLAYED not in first
    assert second[REPLAYED] == third[REPLAYED] == "true"
    assert EarnedBadge.objects.count() == RequestLog.objects.count() == 1


def test_the_spelling_of_the_body_and_of_the_key_does_not_matter(api, keyed, earn_body):
    body = earn_body()
    first = keyed(body)

    second = keyed(dict(reversed(body.items())), key=f'"{KEY}"')

    assert second.content == first.content
    assert second[REPLAYED] == "true"


def test_a_key_of_another_request_is_refused_and_recorded(api, keyed, earn_body):
    keyed(earn_body())

    answer = keyed(earn_body(requestId="other"))

    assert answer.status_code == 422
    assert codes(answer) == [422]
    assert EarnedBadge.objects.count() == 1
    refused = RequestLog.objects.first()
    assert (refused.code, refused.request_id) == (422, "other")


def test_a_key_of_another_address_is_refused(api, keyed, earn_body):
    body = earn_body()
    keyed(body)

    answer = api.post("/api_gateway/v1/badges/import/customerBadges", body, idempotency_key=KEY)

    assert codes(answer) == [422]


def test_integrators_do_not_share_their_keys(keyed, earn_body):
    keyed(earn_body())
    other = ApiClient(IntegratorFactory().client_id)

    answer = other.earn(earn_body(), idempotency_key=KEY)

    assert answer.status_code == 200
    assert REPLAYED not in answer
    assert EarnedBadge.objects.count() == 2


def test_without_the_header_a_repeat_is_refused_with_809(api, keyed, earn_body):
    body = earn_body()
    keyed(body)

    assert codes(api.earn(body)) == [809]
    assert codes(keyed(body, key="another")) == [809]
    assert keyed(body).status_code == 200


def test_a_refusal_is_recorded_and_does_not_use_the_idempotency_key(keyed, earn_body):
    body = earn_body(badgeMetaId="f" * 24)
    assert codes(keyed(body)) == [404]
    assert codes(keyed(earn_body(customerId=None))) == [812]
    assert list(RequestLog.objects.order_by("pk").values_list("code", flat=True)) == [404, 812]
    assert not StoredAnswer.objects.exists()
    BadgeMetaFactory(pk=body["badgeMetaId"], claimed=True)

    assert keyed(body).status_code == 200
    assert keyed(body)[REPLAYED] == "true"
    assert EarnedBadge.objects.count() == 1


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError("broken"), 500), (OperationalError("gone"), 503)]
)
def test_a_failed_call_writes_nothing_and_may_be_repeated(keyed, earn_body, error, status):
    body = earn_body()
    with connection.execute_wrapper(Broken(error)):
        assert keyed(body).status_code == status
    assert not RequestLog.objects.exists()

    assert keyed(body).status_code == 200
    assert StoredAnswer.objects.count() == EarnedBadge.objects.count() == 1


def test_a_failure_after_the_earn_rolls_it_back(keyed, earn_body):
    class NothingIsKept(Broken):
        def __call__(self, execute, sql, params, many, context):
            if sql.startswith('INSERT INTO "badges_storedanswer"'):
                raise self.error
            return execute(sql, params, many, context)

    body = earn_body()
    with connection.execute_wrapper(NothingIsKept(OperationalError("gone"))):
        assert keyed(body).status_code == 503

    assert not EarnedBadge.objects.exists()
    assert not RequestLog.objects.exists()
    assert keyed(body).status_code == 200


@pytest.mark.parametrize("key", ["", '""', "with blank", '"with blank"', "ü", "x" * 256, "a\tb"])
def test_an_invalid_idempotency_key_is_refused(keyed, earn_body, key):
    answer = keyed(earn_body(), key=key)

    assert codes(answer) == [400]
    assert references(answer) == ["Idempotency-Key"]
    assert not EarnedBadge.objects.exists()


@pytest.mark.parametrize("key", ["x" * 255, "!~", '"', r'"a\"b\\"'])
def test_an_idempotency_key_may_have_any_visible_character(keyed, earn_body, key):
    body = earn_body()
    assert keyed(body, key=key).status_code == 200
    assert keyed(body, key=key)[REPLAYED] == "true"


def test_reads_ignore_idempotency_keys(api, keyed, earn_body):
    keyed(earn_body(requestId="mine"))
    path = "/api_gateway/v1/badges/requests/mine"

    for key in (KEY, "not a key"):
        answer = api.client.get(path, headers=api.headers | {"idempotency-key": key})
        assert answer.status_code == 200
        assert REPLAYED not in answer


def test_a_replay_requires_the_permission(keyed, integrator, earn_body):
    body = earn_body()
    keyed(body)
    integrator.access_groups.clear()

    assert codes(keyed(body)) == [403]


def test_an_unknown_method_with_an_idempotency_key_is_refused(api):
    assert api.client.put(
        "/api_gateway/v1/badges/customer/earn",
        headers=api.headers | {"idempotency-key": KEY},
    ).status_code == 405  # fmt: skip


def run_in_thread(call):
    """Run a function in a thread with its own connection."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(in_thread, call).result(TIMEOUT)


@pytest.mark.django_db(transaction=True)
def test_a_repeat_of_a_call_in_progress_is_refused(needs_postgresql, keyed, integrator, earn_body):
    body = earn_body()
    with transaction.atomic():
        assert StoredAnswer.objects.try_lock(integrator, KEY)
        answer = run_in_thread(lambda: keyed(body))
        assert run_in_thread(lambda: keyed(earn_body(), key="another")).status_code == 200

    assert answer.status_code == 409
    assert codes(answer) == [409]
    assert int(answer["Retry-After"]) >= 1
    assert keyed(body).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_one_of_many_concurrent_repeats_earns(integrator, earn_body):
    body, number = earn_body(), 8
    start = Barrier(number)

    def send(_number):
        try:
            start.wait(timeout=TIMEOUT)
            return ApiClient(integrator.client_id).earn(body, idempotency_key=KEY)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as threads:
        answers = list(threads.map(send, range(number)))

    done = [answer for answer in answers if answer.status_code == 200]
    assert {answer.content for answer in done} == {done[0].content}
    assert [REPLAYED in answer for answer in done].count(False) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert EarnedBadge.objects.count() == StoredAnswer.objects.count() == 1
    assert ApiClient(integrator.client_id).earn(body, idempotency_key=KEY)[REPLAYED] == "true"
