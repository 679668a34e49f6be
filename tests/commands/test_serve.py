"""The production server as a process: it starts, serves static files, refuses and stops."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import pytest
from django.conf import settings
from django.core.management import CommandError

from badges.management.readiness import Address
from tests.bench.servers import product
from tests.faults.system import workers_of as processes_that_answer
from tests.server.processes import children_of, fetch, workers_of
from tests.waiting import TIMEOUT, wait_until


def environment_in(directory):
    """Return an environment with a database and static files in this directory."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.commands.settings",
        "DATABASE_URL": f"sqlite:///{directory}/served.sqlite3",
        "STATIC_ROOT": str(directory / "static"),
        "SECRET_KEY": "for-tests-only",
    }


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """Return a directory with a migrated database to copy, because migrations take seconds."""
    directory = tmp_path_factory.mktemp("migrated")
    run = manage("migrate", "--verbosity=0", env=environment_in(directory))
    assert run.returncode == 0, run.stderr
    return directory


@pytest.fixture
def environment(tmp_path):
    return environment_in(tmp_path)


@pytest.fixture
def address():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return Address(*probe.getsockname())


def manage(*arguments, env):
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    return subprocess.run(  # noqa: S603 - our own command
        command, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


@pytest.fixture
def server(environment, address, migrated, tmp_path):
    """Run the server as a terminal does, as the leader of a process group."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", f"--bind={address}"]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:  # noqa: S603
        try:
            wait_until(lambda: fetch(address, "/healthz"))
            yield process
        finally:
            process.kill()


def chores_of(server):
    """Return the processes below the server that run its periodic tasks."""
    found = []
    for child in [child for worker in workers_of(server) for child in children_of(worker)]:
        with suppress(FileNotFoundError, ProcessLookupError):
            if b"badgeadmin.chores" in (child / "cmdline").read_bytes():
                found.append(child)
    return found


@pytest.mark.parametrize("stop", ["terminate", "ctrl_c"])
def test_serve_sends_pages_with_static_files_until_it_is_stopped(server, address, stop):
    page = fetch(address, "/admin/login/")
    stylesheet = re.search(r"/static/[^\"]+\.css", page)[0]
    workers = workers_of(server)

    assert re.search(r"\.[0-9a-f]{12}\.css$", stylesheet)
    assert fetch(address, stylesheet)
    assert workers

    if stop == "terminate":
        server.terminate()
    else:
        os.killpg(server.pid, signal.SIGINT)
    assert server.wait(timeout=TIMEOUT) == 0
    wait_until(lambda: not any(worker.exists() for worker in workers))
    assert fetch(address, "/healthz") is None


def test_workers_do_not_outlive_a_server_that_was_killed(server):
    workers = workers_of(server)

    server.kill()

    wait_until(lambda: not any(worker.exists() for worker in workers))


def test_the_chores_end_with_a_worker_that_ended_before_they_began():
    command = [sys.executable, "-m", "badgeadmin.chores"]

    run = subprocess.run(  # noqa: S603 - our own command
        command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False
    )

    assert run.returncode == 0


def test_the_chores_end_when_they_cannot_start():
    command = [sys.executable, "-m", "badgeadmin.chores"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "badgeadmin.no_settings"}

    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.wait(timeout=TIMEOUT)
        assert "no_settings" in process.stderr.read()

    assert process.returncode == 1


def test_the_chores_end_with_the_server_that_was_killed(server):
    wait_until(lambda: chores_of(server))
    (chores,) = chores_of(server)

    server.kill()

    wait_until(lambda: not chores.exists())


def test_one_process_runs_the_chores_and_is_replaced(server):
    wait_until(lambda: chores_of(server))
    (chores,) = chores_of(server)

    os.kill(int(chores.name), signal.SIGKILL)

    wait_until(lambda: chores_of(server) not in ([], [chores]))
    assert len(chores_of(server)) == 1


def test_the_chores_continue_when_their_worker_ends(server):
    wait_until(lambda: chores_of(server))
    (chores,) = chores_of(server)
    (worker,) = [each for each in workers_of(server) if chores in children_of(each)]

    os.kill(int(worker.name), signal.SIGKILL)

    wait_until(lambda: chores_of(server) not in ([], [chores]))
    assert len(chores_of(server)) == 1


def test_the_fault_harness_finds_the_workers_or_fails(server):
    alive = {int(child.name) for child in workers_of(server)}
    workers = set(processes_that_answer(server.pid))
    assert workers
    assert workers < alive

    (worker, *_others) = workers
    with pytest.raises(RuntimeError, match="no worker processes"):
        processes_that_answer(worker)


def test_the_settings_of_measured_servers_pass_the_deployment_checks(tmp_path, monkeypatch):
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)  # the browser tests set it
    environment = product(f"sqlite:///{tmp_path}/measured.sqlite3", tmp_path).environment
    run = manage("check", "--deploy", "--fail-level=WARNING", env=os.environ | environment)
    assert run.returncode == 0, run.stderr


def test_serve_counts_the_request_log_by_day(server, environment, tmp_path):
    assert manage("create_integrator", "Till", env=environment).returncode == 0

    with closing(sqlite3.connect(tmp_path / "served.sqlite3")) as database:
        counts = "SELECT operation, requests FROM badges_dailycount"
        wait_until(lambda: database.execute(counts).fetchall() == [("CREATE_INTEGRATOR", 1)])


def test_serve_refuses_a_database_without_its_migrations(environment, address):
    run = manage("serve", f"--bind={address}", env=environment)

    assert run.returncode == 1
    assert "python manage.py migrate" in run.stderr


@pytest.mark.parametrize(
    "bind",
    ["", "8000", ":8000", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "[::1:80", "::1:80"],
)
def test_a_bind_address_needs_a_host_and_a_port(bind):
    with pytest.raises(CommandError, match="is not an address"):
        Address.parse(bind)


@pytest.mark.parametrize("bind", ["127.0.0.1:8000", "[::1]:8000"])
def test_a_bind_address_is_written_as_it_was_read(bind):
    assert str(Address.parse(bind)) == bind


def test_a_port_in_use_is_not_shared(address):
    with (
        socket.create_server((address.host, address.port)),
        pytest.raises(CommandError, match="in use"),
    ):
        address.check_free()
