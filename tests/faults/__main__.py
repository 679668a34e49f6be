"""Inject faults into a running system under load, and check that no data is lost.

    python -m tests.faults [--seconds 60] [--only WORD] [--pooled] [--json FILE]

Each fault gets its own database and a new server. Needs PostgreSQL's programs and libfaketime
(Debian: postgresql, faketime), and root for the small disks. With `--pooled` the server reaches
PostgreSQL through PgBouncer in transaction mode. Exits with 1 if a figure is not zero, a response
does not belong to the API, a client waited longer than the fault allows, or a fault had no effect.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

from tests import pgbouncer
from tests.bench.servers import PROJECT
from tests.faults import templates
from tests.faults.faults import FAULTS, SQLITE, Fault, mounted, unmounted

CLIENTS = 8
SECONDS_TO_HEAL = 2
LOG_TAIL = 3_000
NO_VERDICT = {"verdict": "HARNESS FAILED", "note": "", "unexpected": []}
FIGURES = ("lost", "halved", "twice", "miscounted", "exceeded", "unsound")
HEAD = (
    *("fault", "on", "times", "earned", "refused", "replays", "503", "no answer", "longest s"),
    *FIGURES,
    "",
    "note",
)


def main() -> int:
    arguments = parsed()
    if arguments.number is not None:
        print(json.dumps(run_fault(FAULTS[arguments.number], arguments)))  # noqa: T201
        return 0
    with tempfile.TemporaryDirectory(prefix="badgeadmin-templates-") as directory:
        arguments.templates = Path(directory)
        arguments.templates.chmod(0o755)
        rows = list(results(arguments))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1))
    return int(any(row["verdict"] != "passed" for row in rows))


def results(arguments) -> Iterator[dict]:
    """Run the selected faults, and print and yield the row of each."""
    selected = {
        number: fault for number, fault in enumerate(FAULTS) if is_selected(fault, arguments)
    }
    for database in {fault.database for fault in selected.values()}:
        templates.make(database, arguments.templates / database)
    table_head()
    for number in selected:
        row = in_its_own_process(number, arguments)
        line([str(value) for name, value in row.items() if name not in ("unexpected", "log")])
        if row["verdict"] != "passed":
            print(*row["unexpected"][:5], row["log"], sep="\n", file=sys.stderr)  # noqa: T201
        yield row


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8, help="how long each fault goes on")
    parser.add_argument("--only", default="", help="faults whose name or database has this in it")
    parser.add_argument("--pooled", action="store_true", help="PostgreSQL behind PgBouncer")
    parser.add_argument("--json", metavar="FILE", help="where to write the same as JSON")
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--templates", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def is_selected(fault: Fault, arguments) -> bool:
    is_named = arguments.only.lower() in f"{fault.name} {fault.database}".lower()
    return is_named and not (arguments.pooled and (fault.unpooled or fault.database == SQLITE))


def in_its_own_process(number: int, arguments) -> dict:
    """Run one fault in a new process, because Django's settings name one database."""
    fault, command = FAULTS[number], [sys.executable, "-m", "tests.faults", "--number", str(number)]
    command += ["--seconds", str(arguments.seconds), *(["--pooled"] if arguments.pooled else [])]
    command += ["--templates", str(arguments.templates)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    log = {"log": done.stderr[-LOG_TAIL:]}
    if done.returncode:
        blank = dict.fromkeys(HEAD[2:-2], "")
        return {"fault": fault.name, "on": fault.database} | blank | NO_VERDICT | log
    return json.loads(done.stdout.splitlines()[-1]) | log


def table_head() -> None:
    line(HEAD)
    line(["---"] * len(HEAD))


def line(cells) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)  # noqa: T201


def run_fault(fault: Fault, arguments) -> dict:
    """Run the clients, the fault and the comparison. Return the row of the table."""
    with tempfile.TemporaryDirectory(prefix="badgeadmin-faults-") as directory:
        home = Path(directory)
        home.chmod(0o755)
        template = arguments.templates / fault.database
        with database(fault, home, template, pooled=arguments.pooled) as (url, cluster, disk):
            templates.set_up(url, home)
            made = templates.credentials(template)
            return _run_fault(fault, arguments.seconds, made, url, home / "var", cluster, disk)


def _run_fault(fault, seconds, made, url, directory, cluster, disk) -> dict:
    from tests.faults import figures, system
    from tests.faults.clients import start_clients, stop_clients

    options = {"cuts": fault.cuts, "skewed": fault.skewed}
    with system.started(made, url, directory, cluster, disk, **options) as target:
        clients, responses = start_clients(CLIENTS, target.address, target.made, target.made.kinds)
        try:
            times = fault.inject(target, responses, time.monotonic() + seconds)
            time.sleep(SECONDS_TO_HEAL)
        finally:
            stop_clients(clients)
    found = figures.found(responses)
    had_effect = fault.has_effect(responses, times)
    passed = (
        had_effect
        and found.are_clean
        and not responses.unexpected
        and responses.longest_gap <= fault.max_length
    )
    return {
        "fault": fault.name,
        "on": fault.database,
        "times": times,
        "earned": len(responses.earned),
        "refused": len(responses.refused),
        "replays": responses.replays,
        "503": responses.unavailable,
        "no answer": responses.broken,
        "longest s": round(responses.longest_gap, 1),
        **asdict(found),
        "verdict": "passed" if passed else "FAILED" if had_effect else "NO EFFECT",
        "note": responses.note,
        "unexpected": responses.unexpected,
    }


@contextmanager
def database(fault: Fault, home: Path, template: Path, *, pooled: bool) -> Iterator[tuple]:
    """Start the database for a fault. Yield its URL, its cluster and the path of the disk."""
    disk = home / "disk"
    if fault.small_disk:
        mounted(fault.small_disk, disk)
    try:
        place = disk if fault.small_disk else home
        copy = templates.copied(template, fault.database, home, place, fault.settings)
        with copy as (url, cluster), _through(url, pooled=pooled) as client_url:
            yield client_url, cluster, disk
    finally:
        if fault.small_disk:
            unmounted(disk)


def _through(url: str, *, pooled: bool) -> AbstractContextManager[str]:
    return pgbouncer.pooled(url, idle=600) if pooled else nullcontext(url)


if __name__ == "__main__":
    sys.exit(main())
