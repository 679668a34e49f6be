"""The production server as a process: it starts, serves static files, refuses and stops."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.core.management import CommandError

from badges.management.readiness import Address

PATIENCE = 30


def environment_in(directory):
    """An environment with a database and static files of its own, as yet there are none."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.commands.settings",
        "DATABASE_URL": f"sqlite:///{directory}/served.sqlite3",
        "STATIC_ROOT": str(directory / "static"),
        "SECRET_KEY": "for-tests-only",
    }


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A folder with a migrated database, to be copied: to migrate takes seconds."""
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
        command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture
def server(environment, address, migrated, tmp_path):
    """The server, as a terminal would start it: the leader of a process group."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", f"--bind={address}"]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:  # noqa: S603
        try:
            wait_until(lambda: fetch(address, "/healthz"))
            yield process
        finally:
            process.kill()


def fetch(address, path):
    try:
        with urlopen(f"http://{address}{path}", timeout=PATIENCE) as response:
            return response.read().decode()
    except URLError:
        return None


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "It did not come true in time."
        time.sleep(0.05)


def workers_of(process):
    return children_of(Path("/proc", str(process.pid)))


def children_of(process):
    """Return the children of a process, whichever of its threads started them."""
    if not Path("/proc/self/task").exists():
        pytest.skip("The workers of a process are known on Linux alone")
    with suppress(FileNotFoundError, ProcessLookupError):  # it may have ended meanwhile
        lists = [thread / "children" for thread in (process / "task").iterdir()]
        return [Path("/proc", pid) for pids in lists for pid in pids.read_text().split()]
    return []


def chores_of(server):
    """Return the processes under the server that do its chores."""
    found = []
    for child in [child for worker in workers_of(server) for child in children_of(worker)]:
        with suppress(FileNotFoundError, ProcessLookupError):
            if b"badgeadmin.chores" in (child / "cmdline").read_bytes():
                found.append(child)
    return found


@pytest.mark.parametrize("stop", ["terminate", "ctrl_c"])
def test_serves_pages_with_their_static_files_until_it_is_stopped(server, address, stop):
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
    assert server.wait(timeout=PATIENCE) == 0
    wait_until(lambda: not any(worker.exists() for worker in workers))
    assert fetch(address, "/healthz") is None


def test_workers_do_not_outlive_a_server_that_was_killed(server):
    workers = workers_of(server)

    server.kill()

    wait_until(lambda: not any(worker.exists() for worker in workers))


def test_the_chores_end_with_the_worker_that_was_gone_before_they_began():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    command = [sys.executable, "-m", "badgeadmin.chores", str(gone.pid)]

    run = subprocess.run(  # noqa: S603 - our own command
        command, cwd=settings.BASE_DIR, timeout=PATIENCE, check=False
    )

    assert run.returncode == 0


def test_one_process_does_the_chores_and_another_one_once_it_is_gone(server):
    wait_until(lambda: chores_of(server))
    (chores,) = chores_of(server)

    os.kill(int(chores.name), signal.SIGKILL)

    wait_until(lambda: chores_of(server) not in ([], [chores]))
    assert len(chores_of(server)) == 1


def test_the_chores_go_on_when_their_worker_is_gone(server):
    wait_until(lambda: chores_of(server))
    (chores,) = chores_of(server)
    (worker,) = [each for each in workers_of(server) if chores in children_of(each)]

    os.kill(int(worker.name), signal.SIGKILL)

    wait_until(lambda: chores_of(server) not in ([], [chores]))
    assert len(chores_of(server)) == 1


def test_counts_by_day_what_comes_into_the_request_log(server, environment, tmp_path):
    assert manage("create_integrator", "Till", env=environment).returncode == 0

    with closing(sqlite3.connect(tmp_path / "served.sqlite3")) as database:
        counts = "SELECT operation, requests FROM badges_dailycount"
        wait_until(lambda: database.execute(counts).fetchall() == [("CREATE_INTEGRATOR", 1)])


def test_refuses_a_database_without_its_migrations(environment, address):
    run = manage("serve", f"--bind={address}", env=environment)

    assert run.returncode == 1
    assert "python manage.py migrate" in run.stderr


@pytest.mark.parametrize(
    "bind",
    ["", "8000", ":8000", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "[::1:80", "::1:80"],
)
def test_an_address_needs_a_host_and_a_port(bind):
    with pytest.raises(CommandError, match="is no address"):
        Address.parse(bind)


@pytest.mark.parametrize("bind", ["127.0.0.1:8000", "[::1]:8000"])
def test_an_address_is_written_as_it_was_read(bind):
    assert str(Address.parse(bind)) == bind


def test_a_port_in_use_is_not_shared(address):
    with (
        socket.create_server((address.host, address.port)),
        pytest.raises(CommandError, match="in use"),
    ):
        address.check_free()
