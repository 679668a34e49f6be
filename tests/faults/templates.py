"""A system that has been set up, as the template of the systems under test.

Each fault needs a database with all tables, an integrator and badges, and a directory with the
collected static files. They are made once, and copied.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.bench.cluster import Cluster, as_postgres, private
from tests.bench.servers import PROJECT, SECRET_KEY
from tests.faults.faults import POSTGRESQL, SQLITE
from tests.faults.system import Made, prepared

DATABASE = "product"
FILE = "product.sqlite3"


def make(database: str, home: Path) -> None:
    """Make the template for a kind of database in a new process, in a new directory."""
    home.mkdir(mode=0o777)
    home.chmod(0o777)  # PostgreSQL runs as another user
    command = [sys.executable, "-m", "tests.faults.templates", database, str(home)]
    subprocess.run(command, cwd=PROJECT, check=True)


def set_up(url: str, home: Path) -> None:
    """Set Django up for a system whose directory is in `home`. Each process can do so once."""
    os.environ |= {
        "DATABASE_URL": url,
        "VAR_DIR": str(home / "var"),
        "SECRET_KEY": SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "badgeadmin.settings",
    }
    import django

    django.setup()


@contextmanager
def copied(
    template: Path, database: str, home: Path, disk: Path, configuration: str
) -> Iterator[tuple[str, Cluster | None]]:
    """Copy a template: its directory to `home`, and its database to `disk`.

    Yield the URL of the database, and the cluster that runs it, if it is PostgreSQL.
    """
    shutil.copytree(template / "var", home / "var")
    if database == SQLITE:
        shutil.copy(template / FILE, disk)
        yield f"sqlite:///{disk / FILE}", None
        return
    with private(disk, configuration, like=template / "data") as cluster:
        yield cluster.url(DATABASE), cluster


def credentials(template: Path) -> Made:
    """Return the credentials and badges of a template."""
    return Made(**json.loads((template / "made.json").read_text()))


def _main(database: str, home: Path) -> None:
    if database == SQLITE:
        _fill(f"sqlite:///{home / FILE}", home)
        return
    with private(home) as cluster:
        _fill(cluster.create(DATABASE), home)
        cluster.stop("fast")
        as_postgres("cp", "-a", cluster.data, home)
        cluster.start()


def _fill(url: str, home: Path) -> None:
    set_up(url, home)
    from badges import staticfiles

    (home / "made.json").write_text(json.dumps(asdict(prepared())))
    staticfiles.prepare()


if __name__ == "__main__":
    if sys.argv[1] not in (POSTGRESQL, SQLITE):
        sys.exit(f"There is no database {sys.argv[1]}.")
    _main(sys.argv[1], Path(sys.argv[2]))
