"""Any number of processes may start at the same time; each has its files and key."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings

from badges.audit.keys import load_or_create

AT_ONCE = 4
SECONDS = 120


def python(code, **environment):
    """Start a process that runs code with the production settings."""
    usual = {"DJANGO_SETTINGS_MODULE": "badgeadmin.settings", "SECRET_KEY": "for-tests-only"}
    return subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env=os.environ | usual | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outputs(processes):
    found = [process.communicate(timeout=SECONDS)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return found


PREPARE = """
import django; django.setup()
from badges import staticfiles; staticfiles.prepare()
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
print(settings.STATIC_ROOT, staticfiles_storage.url("badges/desk.css"))
"""


def test_static_files_are_collected_once_and_completely(tmp_path):
    found = outputs([python(PREPARE, VAR_DIR=str(tmp_path)) for _process in range(AT_ONCE)])

    (line,) = set(found)
    root, url = line.split()
    assert (Path(root) / url.removeprefix("/static/")).exists()
    assert [entry.name for entry in (tmp_path / "static").iterdir()] == [Path(root).name]


def test_a_served_version_of_static_files_is_kept(tmp_path):
    static = tmp_path / "static"
    served, left = static / "served", static / "left"
    for directory in (served, left):
        directory.mkdir(parents=True)
    hold = f"""
import fcntl, os
fcntl.flock(os.open({str(served)!r}, os.O_RDONLY), fcntl.LOCK_SH)
print("held", flush=True); input()
"""
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        outputs([python(PREPARE, VAR_DIR=str(tmp_path))])
        holder.communicate("\n", timeout=SECONDS)

    assert served.exists()
    assert not left.exists()


def test_a_key_is_created_once(tmp_path):
    with ThreadPoolExecutor(16) as threads:
        keys = set(
            threads.map(
                lambda _n: load_or_create(tmp_path / "key", lambda: os.urandom(32)), range(64)
            )
        )

    assert len(keys) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_only_one_server_binds_a_port(tmp_path):
    code = f"""
from pathlib import Path
from badges.locks import lock_until_exit
print(lock_until_exit(Path({str(tmp_path / "serve-8000.lock")!r})), flush=True); input()
"""

    def start():
        return subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", code],
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    processes = [start() for _process in range(AT_ONCE)]
    outputs = [process.stdout.readline().strip() for process in processes]
    for process in processes:
        process.communicate("\n", timeout=SECONDS)

    assert sorted(outputs) == ["False"] * (AT_ONCE - 1) + ["True"]


def test_the_list_of_all_static_files_is_not_served(client, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "staticfiles.json").write_text("{}")

    assert client.get("/static/staticfiles.json").status_code == 404


def test_a_static_file_that_was_deleted_meanwhile_is_no_error(client, settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    file = tmp_path / "once.css"
    file.write_text("")
    served = client.get("/static/once.css")
    assert (served.status_code, b"".join(served)) == (200, b"")

    file.unlink()
    answer = client.get("/static/once.css")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")


def test_an_unknown_time_zone_is_refused_at_the_start():
    process = python("import django; django.setup()", TIME_ZONE="Europe/Nowhere")
    errors = process.communicate(timeout=SECONDS)[1]

    assert process.returncode == 1
    assert "TIME_ZONE is 'Europe/Nowhere', which is not the name of a time zone." in errors
