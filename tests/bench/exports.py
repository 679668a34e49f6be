"""Export a ledger of a filled PostgreSQL in each format, and measure rate and memory.

    DATABASE_URL=postgres:///bench python -m tests.bench.exports [--ledger issued]

Needs the data of `tests.bench.fill`. The file is hashed and discarded. Prints a table. Exits with 1
if the process grew by more than 64 MiB after its first piece.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import django

MAX_GROWTH = 64 * 1024
PAGE_KIB = os.sysconf("SC_PAGESIZE") // 1024
ROW = "{:<6} {:>12} {:>12} {:>9} {:>10} {:>14}\n"


def main():
    arguments = parsed()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "badgeadmin.settings")
    django.setup()
    from badges.models import ExportFormat

    sys.stdout.write(ROW.format("format", "rows", "MiB", "seconds", "rows/s", "grown by KiB"))
    grown = [measured(arguments.ledger, format) for format in ExportFormat]
    sys.exit(max(grown) > MAX_GROWTH)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledger", default="issued", help="which one, by its slug")
    return parser.parse_args()


def measured(ledger: str, format: str) -> int:
    """Export everything in one format and print the costs. Return the growth in KiB."""
    from badges.audit.filters import Filter
    from badges.models import Channel
    from badges.services.record.exports import begin_export, stream_export
    from badges.services.request_log import Origin

    origin = Origin(channel=Channel.COMMAND, reason="A measurement")
    export = begin_export(origin=origin, ledger=ledger, format=format, query="")
    began, first, most = time.perf_counter(), 0, 0
    for _piece in stream_export(export, origin=origin, filters=Filter()):
        first = first or resident()
        most = max(most, resident())
    seconds = time.perf_counter() - began
    rate = f"{export.rows / seconds:,.0f}"
    size = f"{export.size / 2**20:,.0f}"
    line = ROW.format(format, f"{export.rows:,}", size, f"{seconds:.1f}", rate, f"{most - first:,}")
    sys.stdout.write(line)
    return most - first


def resident() -> int:
    """Return the resident memory of this process in KiB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KIB


if __name__ == "__main__":
    main()
