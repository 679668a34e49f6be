"""Write the complete seals of a month to a self-verifying file; no rows are deleted."""

import gzip
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from django.db.models import Max, Min, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges.audit import check_export, heads, proofs
from badges.errors import BadgeError, ErrorCode
from badges.files import FOR_ALL, move, whole_file
from badges.models import Operation, Seal
from badges.services.request_log import Origin, logged_request


@dataclass(frozen=True, slots=True)
class Month:
    """The seals of a month by their dates in UTC: the first and last number, and their rows."""

    name: str
    first: int
    last: int
    rows: int

    def path_in(self, directory: Path) -> Path:
        return directory / f"badgeadmin-{self.name}.jsonl.gz"


def sealed_month(year: int, month: int) -> Month:
    """Return the seals of a month. Raises BadgeError: 404 if it has none, 400 before its end."""
    start = datetime(year, month, 1, tzinfo=UTC)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    if end > timezone.now():
        raise BadgeError(ErrorCode.INVALID_INPUT, "month", _("The month is not over yet."))
    seals = Seal.objects.filter(sealed_at__gte=start, sealed_at__lt=end).aggregate(
        first=Min("number"), last=Max("number"), rows=Sum("rows")
    )
    if seals["first"] is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "month", _("Nothing was sealed in this month."))
    return Month(f"{start:%Y-%m}", **seals)


def archive_month(*, origin: Origin, month: Month, directory: Path) -> tuple[Path, str, list[str]]:
    """Write a month to a file, verify it, and return its path, SHA-256 and summary.

    The verification is the one that a recipient of the file can run. The summary describes the
    rows, and the erasures that replaced some of them.

    Raises BadgeError: 400 if the file exists already, or if it does not verify (it is then kept for
    inspection under another name); OSError.
    """
    path = month.path_in(directory)
    logged_origin = replace(origin, content=json.dumps(asdict(month) | {"file": path.name}))
    with logged_request(Operation.ARCHIVE, origin=logged_origin, now=timezone.now()):
        if path.exists():
            raise BadgeError(ErrorCode.INVALID_INPUT, "directory", _("The file exists already."))
        unverified = path.with_suffix(".unproven.gz")
        with (
            whole_file(unverified, mode=FOR_ALL, replace=True) as complete,
            gzip.open(complete, "wt", encoding="utf-8") as file,
        ):
            file.writelines(proofs.whole_seals(month.first, month.last))
        export = check_export.read(unverified)
        if faults := export.check(heads.public_key()):
            raise BadgeError(ErrorCode.INVALID_INPUT, None, faults[0])
        move(unverified, path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path, digest, export.summary()
