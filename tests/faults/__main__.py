"""Hurt a running system while clients are at work, and look whether anything was lost.

    python -m tests.faults [--seconds 60] [--only WORD] [--json FILE]

For each fault a database and the server of the product are started anew; PostgreSQL's programs and
libfaketime are needed (Debian: postgresql, faketime), and root for the small disks. Ends with 1
when a figure is not zero, when an answer was none of the API's, when somebody waited longer than
the fault may make them, or when a fault was not felt.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.bench.cluster import private
from tests.bench.servers import PROJECT
from tests.faults.faults import FAULTS, SQLITE, Fault, mounted, unmounted

CLIENTS = 8
SECONDS_TO_HEAL = 2
KEPT_OF_LOG = 3_000
NO_VERDICT = {"verdict": "HARNESS FAILED", "note": "", "odd": []}
FIGURES = ("missing", "halves", "twice", "miscounted", "exceeded", "unsound")
HEAD = (
    *("fault", "on", "times", "earned", "refused", "replays", "503", "no answer", "longest s"),
    *FIGURES,
    "",
    "note",
)


def main() -> int:
    arguments = parsed()
    if arguments.number is not None:
        print(json.dumps(suffered(FAULTS[arguments.number], arguments.seconds)))  # noqa: T201
        return 0
    table_head()
    rows = []
    for number, fault in enumerate(FAULTS):
        if arguments.only.lower() in f"{fault.name} {fault.database}".lower():
            rows.append(in_its_own_process(number, arguments.seconds))
            line([str(value) for name, value in rows[-1].items() if name not in ("odd", "log")])
            if rows[-1]["verdict"] != "kept":
                print(*rows[-1]["odd"][:5], rows[-1]["log"], sep="\n", file=sys.stderr)  # noqa: T201
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1))
    return int(any(row["verdict"] != "kept" for row in rows))


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8, help="how long each fault goes on")
    parser.add_argument("--only", default="", help="faults whose name or database has this in it")
    parser.add_argument("--json", metavar="FILE", help="where to write the same as JSON")
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def in_its_own_process(number: int, seconds: float) -> dict:
    """Let a process suffer one fault: the settings of Django name one database."""
    fault, command = FAULTS[number], [sys.executable, "-m", "tests.faults", "--number", str(number)]
    done = subprocess.run(
        [*command, "--seconds", str(seconds)], cwd=PROJECT, capture_output=True, text=True
    )
    log = {"log": done.stderr[-KEPT_OF_LOG:]}
    if done.returncode:
        nothing = dict.fromkeys(HEAD[2:-2], "")
        return {"fault": fault.name, "on": fault.database} | nothing | NO_VERDICT | log
    return json.loads(done.stdout.splitlines()[-1]) | log


def table_head() -> None:
    line(HEAD)
    line(["---"] * len(HEAD))


def line(cells) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)  # noqa: T201


def suffered(fault: Fault, seconds: float) -> dict:
    """Run the clients, the fault, and the comparison; return the row of the table."""
    with tempfile.TemporaryDirectory(prefix="badgeadmin-faults-") as directory:
        home = Path(directory)
        home.chmod(0o755)
        with database(fault, home) as (url, cluster, disk):
            os.environ |= {
                "DATABASE_URL": url,
                "VAR_DIR": str(home / "var"),
                "SECRET_KEY": "of-a-measurement",
                "DJANGO_SETTINGS_MODULE": "badgeadmin.settings",
            }
            import django

            django.setup()
            return _suffered(fault, seconds, url, home / "var", cluster, disk)


def _suffered(fault, seconds, url, directory, cluster, disk) -> dict:
    from tests.faults import figures, system
    from tests.faults.clients import crowd, dismiss

    means = {"cuts": fault.cuts, "skewed": fault.skewed}
    with system.started(url, directory, cluster, disk, **means) as hurt:
        clients, told = crowd(CLIENTS, hurt.address, hurt.made, hurt.made.kinds)
        try:
            times = fault.hurt(hurt, told, time.monotonic() + seconds)
            time.sleep(SECONDS_TO_HEAL)
        finally:
            dismiss(clients)
    found = figures.found(told)
    felt = fault.bites(told, times)
    kept = felt and found.are_clean and not told.odd and told.longest_gap <= fault.longest
    return {
        "fault": fault.name,
        "on": fault.database,
        "times": times,
        "earned": len(told.earned),
        "refused": len(told.refused),
        "replays": told.replays,
        "503": told.unavailable,
        "no answer": told.broken,
        "longest s": round(told.longest_gap, 1),
        **asdict(found),
        "verdict": "kept" if kept else "BROKEN" if felt else "NOT FELT",
        "note": told.note,
        "odd": told.odd,
    }


@contextmanager
def database(fault: Fault, home: Path) -> Iterator[tuple]:
    """Start what the fault is to hurt; yields its URL, the cluster, and its disk if it is small."""
    disk = home / "disk"
    if fault.small_disk:
        mounted(fault.small_disk, disk)
    try:
        if fault.database == SQLITE:
            place = disk if fault.small_disk else home
            yield f"sqlite:///{place}/faults.sqlite3", None, disk
            return
        with private(disk if fault.small_disk else home, fault.settings) as cluster:
            yield cluster.create("product"), cluster, disk
    finally:
        if fault.small_disk:
            unmounted(disk)


if __name__ == "__main__":
    sys.exit(main())
