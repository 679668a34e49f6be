"""Exports from a real server that fail half-way: the client notices the truncation."""

import os
import random
import resource
import signal
import string
from contextlib import suppress
from http.client import HTTPException

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from factory import LazyFunction

from badges.models import Channel, Export, ExportFormat, ExportState
from badges.models.exports import GONE_AFTER
from badges.services.record.exports import SLOTS, begin_export
from badges.services.request_log import Origin
from tests.factories import RequestLogFactory, refused_requests
from tests.server.processes import rest_of, serving
from tests.waiting import TIMEOUT, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 3_000
REASON = 480  # random characters per row, which hardly compress
ROOM_ON_A_FULL_DISK = 1024 * 1024
LARGE, SMALL = "outcome=REFUSED", "outcome=ACCEPTED&operation=EARN"
EACH_FORMAT = pytest.mark.parametrize("format", ExportFormat)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def lasting_server(django_db_setup, django_db_blocker, directory):
    """Run one server for all tests that do not stop it."""
    with django_db_blocker.unblock(), serving(directory) as server:
        yield server


@pytest.fixture
def server(filled, lasting_server):
    wait_until(lambda: lasting_server.workers)
    return lasting_server


@pytest.fixture
def filled(transactional_db):
    """Create more rows than the buffers between server and client can hold, and a different one."""
    chosen, letters = random.Random(1), string.ascii_letters + string.digits  # noqa: S311
    reason = LazyFunction(lambda: "".join(chosen.choices(letters, k=REASON)))
    refused_requests(ROWS, reason=reason)
    RequestLogFactory()


@pytest.fixture
def cookies(client, auditor):
    client.force_login(auditor)
    return {name: morsel.value for name, morsel in client.cookies.items()}


@pytest.fixture
def begin(auditor):
    """Return a function that begins an export."""

    def ask(format, query=LARGE):
        origin = Origin(channel=Channel.MEMBERCARE, user=auditor)
        return begin_export(origin=origin, ledger="requests", format=format, query=query)

    return ask


@pytest.fixture
def download(cookies):
    """Return a function that downloads the file of an export from a server."""

    def ask(server, export):
        return server.ask("POST", reverse("desk:export-file", args=[export.pk]), cookies)

    return ask


@pytest.fixture
def begun(begin, download):
    """Return a function that reads the beginning of a large file."""

    def ask(server, export):
        answer = download(server, export)
        assert answer.status == 200
        assert len(answer.read(1_000)) == 1_000
        return answer

    return ask


@pytest.fixture
def failed(begin, download, cookies):
    """Return a function that checks that exports have failed and that their slot is free."""

    def check(server, *exports):
        # The export must not fail because of the timeout for exports without progress.
        pks = [export.pk for export in exports]
        Export.objects.filter(pk__in=pks).update(seen_at=timezone.now() + 60 * GONE_AFTER)
        for export in exports:
            wait_until(lambda export=export: "Failed" in page_of(server, export, cookies))
        export = begin(ExportFormat.CSV, SMALL)
        answer = download(server, export)
        assert answer.status == 200
        assert b"END" in rest_of(answer)
        assert state_of(export) == ExportState.FINISHED

    return check


def page_of(server, export, cookies):
    """Return the page of an export, or an empty text while the worker or the database is away."""
    with suppress(HTTPException, ConnectionError):
        answer = server.ask("GET", reverse("desk:export", args=[export.pk]), cookies)
        return (rest_of(answer) or b"").decode()
    return ""


def state_of(export):
    export.refresh_from_db()
    return export.state(timezone.now())


@EACH_FORMAT
def test_an_export_with_a_lost_database(needs_session, server, begin, begun, failed, format):
    export = begin(format)
    answer = begun(server, export)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert rest_of(answer) is None
    failed(server, export)


@EACH_FORMAT
def test_an_export_with_a_full_disk(needs_postgresql, server, begin, download, format):
    export = begin(format)
    (worker,) = server.workers
    soft, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)

    resource.prlimit(worker, resource.RLIMIT_FSIZE, (ROOM_ON_A_FULL_DISK, hard))
    try:
        answer = download(server, export)
        body = rest_of(answer)
    finally:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (soft, hard))

    if format != ExportFormat.XLSX:  # the other formats need no disk space
        assert (answer.status, state_of(export)) == (200, ExportState.FINISHED)
        return
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert b"Nothing was sent" in body
    assert state_of(export) == ExportState.READY
    assert len(rest_of(download(server, export))) > ROOM_ON_A_FULL_DISK
    assert state_of(export) == ExportState.FINISHED


@EACH_FORMAT
def test_an_export_to_a_client_that_disconnects(server, begin, begun, failed, format):
    export = begin(format)

    begun(server, export).close()

    failed(server, export)


@EACH_FORMAT
def test_an_export_of_a_killed_worker(server, begin, begun, failed, format):
    exports = [begin(format) for _place in SLOTS]
    answers = [begun(server, export) for export in exports]
    (worker,) = server.workers

    os.kill(worker, signal.SIGKILL)

    assert [rest_of(answer) for answer in answers] == [None] * len(SLOTS)
    failed(server, *exports)


def test_an_export_of_a_killed_server_and_its_successor(filled, directory, begin, begun, failed):
    exports = [begin(format) for format in (ExportFormat.CSV, ExportFormat.XLSX)]
    with serving(directory) as server:
        answers = [begun(server, export) for export in exports]
        server.kill()

    assert [rest_of(answer) for answer in answers] == [None] * len(SLOTS)
    with serving(directory) as server:
        failed(server, *exports)


@EACH_FORMAT
def test_a_stopped_worker_finishes_an_export_that_is_read(server, begin, begun, format):
    export = begin(format)
    answer = begun(server, export)
    (worker,) = server.workers

    os.kill(worker, signal.SIGTERM)

    is_whole = rest_of(answer) is not None
    # On a machine that is too slow, the file is truncated.
    assert is_whole == (state_of(export) == ExportState.FINISHED)
    wait_until(lambda: server.workers not in ([], [worker]))


def test_a_stopped_server_aborts_an_export_that_is_not_read(
    filled, directory, begin, begun, failed
):
    exports = [begin(format) for format in (ExportFormat.JSONL, ExportFormat.XLSX)]
    with serving(directory) as server:
        answers = [begun(server, export) for export in exports]
        server.process.terminate()
        assert server.process.wait(TIMEOUT) == 0
        assert [rest_of(answer) for answer in answers] == [None] * len(SLOTS)

    with serving(directory) as server:
        failed(server, *exports)
