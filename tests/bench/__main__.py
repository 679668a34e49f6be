"""Benchmark the product next to its theoretical limit and a peer, in alternating rounds.

    python -m tests.bench earn [--peer FOLDER --peer-python PYTHON] [--pooled] [--rounds 3]
        [--seconds 5]
    python -m tests.bench bulk | sqlite [--rounds 3]
    python -m tests.bench growth [--most 10000000] [--rounds 3]
    python -m tests.bench layers [--rounds 3]

Starts its own PostgreSQL with default durability. Needs PostgreSQL's programs, with pgbench, and
wrk (Debian: postgresql, postgresql-contrib, wrk). Exits with 1 if a ratio misses its goal. On a
busy machine the ratios are more meaningful than the rates.
"""

import argparse
import os
import platform
import sys
from importlib import import_module

import django

from tests.bench import cluster as clusters
from tests.bench import report
from tests.bench.servers import SECRET_KEY

# The benchmarks and their modules. The modules need Django, which needs a database.
WORKS = {
    "earn": "earns",
    "bulk": "bulk",
    "sqlite": "sqlite",
    "growth": "growth",
    "layers": "layers",
}


def main() -> int:
    arguments = parsed()
    with clusters.private() as cluster:
        use(cluster.create("product"))
        work = import_module(f"tests.bench.{WORKS[arguments.work]}")
        rows, goals = work.measured(cluster, arguments)
        about = f"{platform.machine()}, {os.cpu_count()} processors, Python"
        about = f"{about} {platform.python_version()}, {cluster.version}"
    print(f"{about}; medians of {arguments.rounds} rounds\n")  # noqa: T201
    report.show(rows, goals)
    if arguments.json:
        report.keep(arguments.json, rows, goals, about=about)
    return int(not all(goal.is_met for goal in goals))


def use(database_url: str) -> None:
    """Set up Django with this database."""
    os.environ["DATABASE_URL"] = database_url
    os.environ.setdefault("SECRET_KEY", SECRET_KEY)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "badgeadmin.settings")
    django.setup()


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--peer", help="folder of the FastAPI service, if it is to take part")
    parser.add_argument("--peer-python", default=sys.executable, help="what runs it")
    parser.add_argument("--pooled", action="store_true", help="also through PgBouncer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="how long each sample takes")
    parser.add_argument("--most", type=int, default=10_000_000, help="rows that growth ends with")
    parser.add_argument("--json", metavar="FILE", help="where to write the same as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
