"""Check that the request log and the ledgers are what was sealed."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from badges.audit import heads
from badges.audit.verification import Checked, Problem, check_heads, unsealed, verify
from badges.models import Channel
from badges.services import verifications
from badges.services.requests import Origin

SHOWN = 20


class Command(BaseCommand):
    help = _(
        "Check every seal and every sealed row, and name those that are not what was sealed. "
        "Exit code 0 when everything holds, 1 otherwise."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--since",
            type=int,
            default=1,
            metavar="SEAL",
            help=_("Start at this seal and take those before it for granted. Default: 1."),
        )
        parser.add_argument(
            "--heads",
            type=Path,
            metavar="FILE",
            help=_("Also check that the chain still holds the seals published in this file."),
        )
        parser.add_argument(
            "--public-key",
            type=Path,
            metavar="FILE",
            help=_("The key (PEM) that published seals are signed with. Default: our own."),
        )
        parser.add_argument(
            "--record",
            action="store_true",
            help=_("Keep the result for the pages; without it nothing is written anywhere."),
        )
        parser.add_argument("--all", action="store_true", help=_("Name all faults, not a few."))
        parser.add_argument("--json", action="store_true", help=_("Print one JSON object."))

    def handle(self, *, since, public_key, verbosity, **options):
        problems, seals, rows = [], 0, 0
        for checked in self.checked(since, options["record"]):
            seals, rows = seals + 1, rows + checked.rows
            problems += checked.problems
            if verbosity and self.stderr.isatty():
                self.stderr.write(f"\r{checked.number}: {rows}", ending="")
        if options["heads"]:
            problems += self.faults_of(options["heads"], public_key)
        waiting = unsealed()
        shown = problems if options["all"] else problems[:SHOWN]
        report = self.as_json if options["json"] else self.as_text
        self.stdout.write(report(seals, rows, waiting, problems, shown))
        if problems:
            sys.exit(1)

    def checked(self, since: int, record: bool) -> Iterator[Checked]:
        if not record:
            return verify(since)
        origin = Origin(channel=Channel.COMMAND)
        return verifications.run(verifications.begin(origin=origin, since=since))

    def faults_of(self, path: Path, key: Path | None) -> list[Problem]:
        try:
            return list(check_heads(heads.published(path), heads.public_key(key)))
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    def as_text(self, seals, rows, waiting, problems, shown):
        lines = [
            *map(str, shown),
            _("Checked %(rows)d rows in %(seals)d seals; %(waiting)d requests are not sealed yet.")
            % {"rows": rows, "seals": seals, "waiting": waiting},
            _("Nothing was altered.")
            if not problems
            else _("Faults: %(count)d, the first: %(first)s")
            % {"count": len(problems), "first": problems[0]},
        ]
        return "\n".join(lines)

    def as_json(self, seals, rows, waiting, problems, shown):
        faults = [
            {"kind": fault.kind, "key": fault.key, "fault": fault.fault, "seal": fault.seal}
            for fault in shown
        ]
        return json.dumps(
            {
                "seals": seals,
                "rows": rows,
                "unsealedRequests": waiting,
                "holds": not problems,
                "faultCount": len(problems),
                "faults": faults,
            }
        )
