"""Verify that the request log and the ledgers match their seals."""

import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC
from itertools import chain
from pathlib import Path

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.audit import erasures, heads
from badges.audit.verification import (
    NOT_COMPARED,
    Checked,
    Compared,
    Problem,
    compare_heads,
    unsealed,
    verify,
)
from badges.models import Channel
from badges.services.record import verifications
from badges.services.request_log import Origin

MAX_SHOWN = 20


class Command(BaseCommand):
    help = _(
        "Verify all seals and all sealed rows, and list those with a fault. The exit code is 0 if "
        "there is no fault, and 1 otherwise."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--since",
            type=int,
            default=1,
            metavar="SEAL",
            help=_("The first seal to verify; earlier ones are assumed to be valid. Default: 1."),
        )
        published = parser.add_mutually_exclusive_group()
        published.add_argument(
            "--heads",
            type=Path,
            action="append",
            metavar="FILE",
            help=_(
                "A file of published seals to compare with the chain; may be repeated. Default: "
                "AUDIT_HEADS, if that file exists."
            ),
        )
        published.add_argument(
            "--no-heads",
            action="store_true",
            help=_("Do not compare with published seals, for example for an older copy."),
        )
        parser.add_argument(
            "--public-key",
            type=Path,
            metavar="FILE",
            help=_(
                "The public key (PEM) of the published seals. Default: that of AUDIT_SIGNING_KEY."
            ),
        )
        parser.add_argument(
            "--record",
            action="store_true",
            help=_("Store the result for the desk. By default nothing is written."),
        )
        parser.add_argument(
            "--all", action="store_true", help=_("List all faults instead of the first ones.")
        )
        parser.add_argument(
            "--json", action="store_true", help=_("Print the result as one JSON object.")
        )

    def handle(self, *, since, record, verbosity, **options):
        report = Report()
        try:
            for result in self.results(since, record, self.heads(options), options["public_key"]):
                report.include(result)
                if verbosity and self.stderr.isatty():
                    self.stderr.write(f"\r{report.seals}: {report.rows}", ending="")
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        report.waiting = unsealed()
        problems = report.problems if options["all"] else report.problems[:MAX_SHOWN]
        write = report.as_json if options["json"] else report.as_text
        self.stdout.write(write(problems))
        if report.problems:
            sys.exit(1)

    def heads(self, options) -> list[Path]:
        if options["no_heads"]:
            return []
        return options["heads"] or heads.head_files()

    def results(self, since: int, record: bool, files: list[Path], key_file: Path | None):
        if record:
            verification = verifications.begin(origin=Origin(channel=Channel.COMMAND), since=since)
            return verifications.run(verification, files, key_file)
        return chain(verify(since, key_file=key_file), compare_heads(files, key_file))


@dataclass
class Report:
    """The results of a verification, and their output as text or JSON."""

    seals: int = 0
    rows: int = 0
    heads: int = 0
    waiting: int = 0
    replaced: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def include(self, result: Checked | Compared) -> None:
        self.problems += result.problems
        if isinstance(result, Checked):
            self.seals += 1
            self.rows += result.rows
            self.replaced += Counter({str(key): rows for key, rows in result.replaced.items()})
        else:
            self.heads += result.heads

    def as_text(self, problems: list[Problem]) -> str:
        lines = [
            *map(str, problems),
            *map(erasure_line, erasures.describe(self.replaced)),
            _("Rows replaced by erasures: %(rows)d.") % {"rows": self.replaced.total()},
            _("Checked %(rows)d rows in %(seals)d seals; %(waiting)d requests are not sealed yet.")
            % {"rows": self.rows, "seals": self.seals, "waiting": self.waiting},
        ]
        if self.heads:
            lines.append(_("Compared with %(heads)d published seals.") % {"heads": self.heads})
        lines.append(
            _("Faults: %(count)d, the first: %(first)s")
            % {"count": len(self.problems), "first": self.problems[0]}
            if self.problems
            else _("Nothing was altered.")
        )
        if not self.heads:
            lines.append(str(NOT_COMPARED))
        return "\n".join(map(str, lines))

    def as_json(self, problems: list[Problem]) -> str:
        return json.dumps(
            {
                "seals": self.seals,
                "rows": self.rows,
                "comparedHeads": self.heads,
                "unsealedRequests": self.waiting,
                "replacedRows": self.replaced.total(),
                "erasures": [
                    erasure | {"receivedAt": erasure["receivedAt"].isoformat()}
                    for erasure in erasures.describe(self.replaced)
                ],
                "holds": not self.problems,
                "faultCount": len(self.problems),
                "faults": [asdict(problem) for problem in problems],
            }
        )


def erasure_line(erasure: dict) -> str:
    """Return a line about one erasure, which an auditor compares with the customer's letter."""
    at = erasure["receivedAt"].astimezone(UTC)
    return _("Erasure %(request)d of %(at)s replaced %(rows)d rows: %(reason)s") % (
        erasure | {"at": f"{at:%Y-%m-%d %H:%M:%S} UTC"}
    )
