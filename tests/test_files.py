"""Files are written completely or not at all, even on a full disk or after a crash."""

import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from badges.audit import heads, verification
from badges.audit.keys import load_or_create
from badges.files import append_lines, whole_file
from badges.models import Operation, RequestLog, Seal
from badges.services.catalogue.pictures import is_stored, read_picture, store_picture
from badges.services.record import seals
from badges.services.record.seals import seal_all
from tests.conftest import no_long_files
from tests.desk.definitions.forms import NEW, badge_form
from tests.desk.parts.pictures import UPLOAD, image_content, uploaded_file
from tests.factories import RequestLogFactory

SIZE = 50


def files_in(directory):
    return sorted(path.name for path in directory.rglob("*") if path.is_file())


class TestAtomicFile:
    @pytest.mark.parametrize("before", [None, b"before"])
    def test_an_atomic_file_is_unchanged_when_the_disk_is_full(self, tmp_path, before):
        path = tmp_path / "file"
        if before:
            path.write_bytes(before)
        with (
            no_long_files(SIZE),
            pytest.raises(OSError, match="too large"),
            whole_file(path, replace=True) as new,
        ):
            new.write(b"x" * (SIZE + 1))
        assert files_in(tmp_path) == (["file"] if before else [])
        assert not before or path.read_bytes() == before

    def test_an_atomic_file_replaces_another_only_if_allowed(self, tmp_path):
        path = tmp_path / "file"
        path.write_bytes(b"before")
        with pytest.raises(FileExistsError), whole_file(path) as new:
            new.write(b"after")
        assert path.read_bytes() == b"before"
        with whole_file(path, replace=True) as new:
            new.write(b"after")
        assert path.read_bytes() == b"after"
        assert files_in(tmp_path) == ["file"]

    def test_an_atomic_file_is_flushed_before_and_after_its_rename(self, tmp_path, monkeypatch):
        path, synced = tmp_path / "file", []
        sync = os.fsync

        def watched(descriptor):
            synced.append((Path(f"/proc/self/fd/{descriptor}").resolve().name, path.exists()))
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", watched)
        with whole_file(path) as new:
            new.write(b"content")

        (first, had_its_name), (last, has_its_name) = synced
        assert first.startswith(".file.")
        assert last == tmp_path.name
        assert (had_its_name, has_its_name) == (False, True)


class TestAppendedLines:
    def test_appended_lines_are_written_completely_or_not_at_all(self, tmp_path):
        path = tmp_path / "lines"
        append_lines(path, b"one\n")
        with no_long_files(SIZE), pytest.raises(OSError, match="too large"):
            append_lines(path, b"y" * SIZE + b"\n")
        assert path.read_bytes() == b"one\n"

    def test_appended_lines_start_on_a_new_line(self, tmp_path):
        path = tmp_path / "lines"
        path.write_bytes(b"one\ntw")
        append_lines(path, b"three\n")
        assert path.read_bytes().splitlines() == [b"one", b"tw", b"three"]


def test_a_secret_is_created_again_after_a_failed_write(tmp_path):
    path = tmp_path / "keys" / "key"
    with no_long_files(SIZE), pytest.raises(OSError, match="too large"):
        load_or_create(path, lambda: b"k" * (SIZE + 1))
    assert files_in(tmp_path) == []
    assert load_or_create(path, lambda: b"key") == b"key"
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.django_db
class TestPublishedSeals:
    @pytest.fixture
    def path(self, audit_files):
        return audit_files / "heads.jsonl"

    @pytest.fixture
    def published(self, path):
        RequestLogFactory()
        seal_all()
        return path.read_bytes()

    def test_published_seals_have_no_partial_line_after_a_full_disk(
        self, path, published, needs_postgresql
    ):
        RequestLogFactory()
        with no_long_files(len(published) + SIZE), pytest.raises(OSError, match="too large"):
            seal_all()
        assert path.read_bytes() == published

        RequestLogFactory()
        last = seal_all()[-1]
        assert heads.last_published().hash == last.hash
        assert self.faults(path) == []

    def test_published_seals_continue_after_a_truncated_line(self, path, published):
        path.write_bytes(published + published[:SIZE])
        RequestLogFactory()
        last = seal_all()[-1]
        assert heads.last_published().hash == last.hash
        assert [json.loads(line)["seal"] for line in path.read_bytes().splitlines()[::2]] == [1, 2]
        assert len(self.faults(path)) == 1

    @pytest.mark.parametrize("name", ["signing-key.pem", "signing-key.pub"])
    def test_published_seals_have_their_key_created_again_after_a_failed_write(
        self, name, audit_files, needs_postgresql
    ):
        RequestLogFactory()
        if name.endswith(".pub"):
            heads.signing_key()
            (audit_files / name).unlink()
        with no_long_files(SIZE), pytest.raises(OSError, match="too large"):
            seal_all()
        assert not (audit_files / name).exists()
        RequestLogFactory()
        seal_all()
        assert heads.last_published().is_signed_by(heads.public_key())

    @staticmethod
    def faults(path):
        return [fault for part in verification.compare_heads([path]) for fault in part.problems]


@pytest.mark.django_db
def test_an_archive_is_complete_or_missing(audit_files, tmp_path, needs_postgresql, sealed_in_2025):
    target = tmp_path / "archive"
    with no_long_files(SIZE), pytest.raises(CommandError, match="too large"):
        call_command("archive_audit_log", "2025-10", str(target))
    assert files_in(target) == []
    assert not RequestLog.objects.filter(operation=Operation.ARCHIVE).exists()

    call_command("archive_audit_log", "2025-10", str(target))
    assert files_in(target) == ["badgeadmin-2025-10.jsonl.gz"]


@pytest.fixture
def sealed_in_2025(monkeypatch, audit_files):
    RequestLogFactory.create_batch(3)
    with monkeypatch.context() as patch:
        patch.setattr(seals.timezone, "now", lambda: datetime(2025, 10, 5, tzinfo=UTC))
        seal_all()
    assert Seal.objects.count() == 1


@pytest.mark.django_db
class TestPictures:
    @pytest.fixture
    def media(self, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path / "media"
        return settings.MEDIA_ROOT

    @pytest.fixture
    def picture(self):
        return read_picture(uploaded_file(image_content()))

    def test_stored_pictures_are_removed_when_the_disk_is_full(
        self, media, picture, desk_origin, needs_postgresql
    ):
        with no_long_files(SIZE), pytest.raises(OSError, match="too large") as full:
            store_picture(origin=desk_origin, picture=picture)
        assert full.value.errno == errno.EFBIG
        assert files_in(media) == []
        assert not is_stored(picture.name)
        assert not RequestLog.objects.filter(operation=Operation.KEEP_PICTURE).exists()

    def test_stored_pictures_on_a_full_disk_show_a_page_to_retry(
        self, media, client, supervisor, needs_postgresql
    ):
        client.force_login(supervisor)
        client.raise_request_exception = False
        fields = badge_form(**{UPLOAD: uploaded_file(image_content())})
        with no_long_files(SIZE):
            answer = client.post(NEW, fields)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert files_in(media) == []

    @pytest.mark.parametrize("size", [0, 10])
    def test_stored_pictures_that_are_truncated_are_stored_again(
        self, media, picture, desk_origin, size
    ):
        cut = media / picture.name
        cut.parent.mkdir(parents=True)
        cut.write_bytes(picture.content[:size])
        assert store_picture(origin=desk_origin, picture=picture) == picture.name
        assert cut.read_bytes() == picture.content
        assert files_in(media) == [cut.name]
