"""Files are private to their owner, and insecure settings serve the local machine only."""

import hashlib
import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from logging import StreamHandler

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.management import CommandError
from django.db import connection
from prometheus_client import REGISTRY

from badgeadmin import sqlite
from badges.management.readiness import Address
from badges.management.safety import check_safe, warnings_for
from tests.factories import PASSWORD

GOOD_KEY = "a long value that nobody guesses, with 0123456789 and more in it"
WORLD, OWN = Address("0.0.0.0", 8000), Address("127.0.0.1", 8000)  # noqa: S104
WEAK = ["a", "a" * 60, GOOD_KEY[:49], f"django-insecure-{GOOD_KEY}"]


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::", False), ("10.0.0.1", False)],
)
def test_loopback_addresses_are_recognised(host, is_loopback):
    assert Address(host, 8000).is_loopback is is_loopback


@pytest.mark.parametrize("key", WEAK)
def test_a_weak_secret_key_is_served_only_on_loopback(settings, key):
    settings.SECRET_KEY = key

    check_safe(OWN)
    with pytest.raises(CommandError, match="SECRET_KEY"):
        check_safe(WORLD)


def test_debug_is_served_only_on_loopback(settings):
    settings.SECRET_KEY, settings.DEBUG = GOOD_KEY, True

    check_safe(OWN)
    with pytest.raises(CommandError, match="DEBUG"):
        check_safe(WORLD)


def test_a_strong_secret_key_is_served_with_a_warning_about_plain_http(settings):
    settings.SECRET_KEY, settings.HTTPS = GOOD_KEY, False

    check_safe(WORLD)
    assert "TLS" in list(warnings_for(WORLD))[-1]
    settings.HTTPS = True
    assert not [warning for warning in warnings_for(WORLD) if "TLS" in warning]
    assert any("security.W" in warning for warning in warnings_for(OWN))


def test_a_folder_readable_by_others_is_warned_of(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    tmp_path.chmod(0o755)
    assert any(str(tmp_path) in warning for warning in warnings_for(OWN))
    tmp_path.chmod(0o700)
    assert not any(str(tmp_path) in warning for warning in warnings_for(OWN))


@pytest.mark.parametrize(
    "hosts", ["a.example; script-src *", "https://a.example", "*", "a b", "'self'"]
)
def test_an_invalid_host_of_pictures_prevents_the_start(hosts):
    environment = os.environ | {"PICTURE_HOSTS": hosts, "SECRET_KEY": GOOD_KEY}
    done = subprocess.run(
        [sys.executable, "-c", "import badgeadmin.settings"],
        cwd=django_settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PICTURE_HOSTS" in done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """Migrate with two processes at the same time. Return the VAR_DIR, exit codes and errors."""
    folder = tmp_path_factory.mktemp("safety") / "var"
    environment = {"VAR_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/badges.sqlite3"}
    command = [sys.executable, str(django_settings.BASE_DIR / "manage.py"), "migrate"]
    usual = {"DJANGO_SETTINGS_MODULE": "badgeadmin.settings", "SECRET_KEY": GOOD_KEY}
    processes = [
        subprocess.Popen(  # noqa: S603 - our own command
            command,
            env=os.environ | usual | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _process in range(2)
    ]
    errors = [process.communicate(timeout=240)[1] for process in processes]
    return folder, [process.returncode for process in processes], errors


def test_concurrent_migrations_are_serialised(migrated):
    _folder, codes, errors = migrated

    assert codes == [0, 0], errors


def test_files_are_created_only_for_their_owner(migrated):
    folder, _codes, _errors = migrated

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o077 for file in folder.iterdir()} == {0}


def test_a_copy_of_the_database_in_a_read_only_folder_is_read(migrated, monkeypatch):
    folder, _codes, _errors = migrated
    file = folder / "badges.sqlite3"
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as on a read-only disk
    opened = sqlite.configure_sqlite({"NAME": str(file)})

    assert "init_command" not in opened["OPTIONS"]
    with closing(sqlite3.connect(opened["NAME"], uri=True)) as database:
        assert database.execute("SELECT count(*) FROM badges_seal").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            database.execute("DELETE FROM badges_seal")


def test_the_write_ahead_log_of_a_copy_is_read(monkeypatch, tmp_path):
    file = tmp_path / "copy.sqlite3"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("PRAGMA journal_mode=WAL; CREATE TABLE seals (number);")
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        opened = sqlite.configure_sqlite({"NAME": str(file)})
        with closing(sqlite3.connect(opened["NAME"], uri=True)) as copy:
            assert copy.execute("SELECT count(*) FROM seals").fetchone() == (0,)


@pytest.mark.django_db
def test_deleted_rows_are_overwritten_on_sqlite():
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no free pages of this kind")
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA secure_delete").fetchone() == (1,)


@pytest.mark.django_db
def test_deleted_rows_are_overwritten_with_any_build_of_sqlite(monkeypatch):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no free pages of this kind")

    def connect_to_another_build(**parameters):
        opened = sqlite3.connect(**parameters)
        opened.execute("PRAGMA secure_delete=OFF")
        return opened

    monkeypatch.setattr(
        "django.db.backends.sqlite3.base.Database.connect", connect_to_another_build
    )
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            assert cursor.execute("PRAGMA secure_delete").fetchone() == (1,)
    finally:
        other.close()


@pytest.mark.django_db
def test_the_key_of_a_session_is_not_in_the_database(client, member_care):
    client.post("/admin/login/", {"username": "maria", "password": PASSWORD})
    key = client.session.session_key

    stored = Session.objects.get().session_key
    assert stored == hashlib.sha256(key.encode()).hexdigest()[:40]
    assert client.get("/desk/").status_code == 200
    client.cookies["sessionid"] = stored  # a stolen key of the session table
    assert client.get("/desk/").status_code == 302


@pytest.mark.django_db
def test_signing_out_removes_the_session(client, member_care):
    client.force_login(member_care)
    client.post("/admin/logout/")

    assert not Session.objects.exists()


@pytest.mark.django_db
def test_a_disallowed_host_is_counted_and_not_logged(client, monkeypatch):
    lines = []
    (console,) = [each for each in logging.getLogger().handlers if type(each) is StreamHandler]
    monkeypatch.setattr(console, "handle", lines.append)
    before = refused_hosts()

    assert client.get("/admin/login/", headers={"host": "evil.example"}).status_code == 400
    assert refused_hosts() > before
    assert lines == []


def refused_hosts():
    name, labels = "badgeadmin_refused_requests_total", {"cause": "DisallowedHost"}
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/api/docs/", "/api/schema/"])
@pytest.mark.parametrize(
    ("setting", "anonymous", "staff"),
    [("public", 200, 200), ("staff", 302, 200), ("off", 404, 404)],
)
def test_the_api_description_is_visible_as_configured(
    client, settings, member_care, address, setting, anonymous, staff
):
    settings.API_DOCS = setting

    assert client.get(address).status_code == anonymous
    client.force_login(member_care)
    assert client.get(address).status_code == staff


@pytest.mark.django_db
def test_metrics_of_ended_workers_are_no_error(client, settings, monkeypatch, tmp_path):
    settings.METRICS_TOKEN = "of-the-tests"
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "gone"))
    answer = client.get("/metrics", headers={"authorization": "Bearer of-the-tests"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "deleted" in answer.text
