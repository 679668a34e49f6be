"""Write the seals of a month, whole, to a file that proves itself; nothing leaves the database."""

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
from badges.models import Operation, Seal
from badges.services.requests import Origin, attempt


@dataclass(frozen=True, slots=True)
class Month:
    """The seals of a month by their dates in UTC, from the first to the last, and their rows."""

    name: str
    first: int
    last: int
    rows: int

    def path_in(self, directory: Path) -> Path:
        return directory / f"badgeadmin-{self.name}.jsonl.gz"


def sealed_month(year: int, month: int) -> Month:
    """Return what was sealed in a month. Raises BadgeError: 404 if nothing was, 400 if it runs."""
    start = datetime(year, month, 1, tzinfo=UTC)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    if end > timezone.now():
        raise BadgeError(ErrorCode.INVALID_INPUT, "month", _("The month is not over yet."))
    found = Seal.objects.filter(sealed_at__gte=start, sealed_at__lt=end).aggregate(
        first=Min("number"), last=Max("number"), rows=Sum("rows")
    )
    if found["first"] is None:
        raise BadgeError(ErrorCode.NOT_FOUND, "month", _("Nothing was sealed in this month."))
    return Month(f"{start:%Y-%m}", **found)


def archive_month(*, origin: Origin, month: Month, directory: Path) -> tuple[Path, str]:
    """Write a month to a file, check the file as anybody would, and return it with its SHA-256.

    Raises BadgeError: 400 when the file is there already or does not prove what it holds (it is
    kept for a look, under another name); OSError.
    """
    path = month.path_in(directory)
    said = replace(origin, content=json.dumps(asdict(month) | {"file": path.name}))
    with attempt(Operation.ARCHIVE, origin=said, now=timezone.now()):
        if path.exists():
            raise BadgeError(ErrorCode.INVALID_INPUT, "directory", _("The file exists already."))
        directory.mkdir(parents=True, exist_ok=True)
        unproven = path.with_suffix(".unproven.gz")
        with gzip.open(unproven, "wt", encoding="utf-8") as file:
            file.writelines(proofs.whole_seals(month.first, month.last))
        if faults := check_export.read(unproven).check(heads.public_key()):
            raise BadgeError(ErrorCode.INVALID_INPUT, None, faults[0])
        unproven.rename(path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path, digest
