"""Run the production server."""

import os
import shutil
import sys

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection, connections
from django.utils.translation import gettext as _

from badges.api.pace import WORKERS
from badges.management.readiness import Address, check_migrated
from badges.metrics import DIRECTORY

DEFAULT_BIND = "127.0.0.1:8000"
DEFAULT_WORKERS = 2
MOST_WORKERS_ON_SQLITE = 4
# Threads wait for bodies that come slowly; at work are as many as there are places.
THREADS_PER_WORKER = 128
SECONDS_TO_STOP = 10


class Command(BaseCommand):
    help = _("Serve the application and its static files, on the database of DATABASE_URL.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--bind",
            default=DEFAULT_BIND,
            metavar="HOST:PORT",
            help=_("Where to listen. Default: %(bind)s.") % {"bind": DEFAULT_BIND},
        )
        parser.add_argument(
            "--workers",
            type=int,
            metavar="N",
            help=_(
                "Processes that work at %(places)d requests each. Default: %(workers)d, or the "
                "processors; on SQLite 1."
            )
            % {"places": settings.PLACES, "workers": DEFAULT_WORKERS},
        )

    def handle(self, *, bind, workers, **options):
        address = Address.parse(bind)
        workers = self.sensible(workers)
        check_migrated()
        address.check_free()
        call_command("collectstatic", interactive=False, verbosity=0)
        self.stdout.write(
            _("Serving on http://%(address)s/ with %(workers)d worker processes; Ctrl-C stops it.")
            % {"address": address, "workers": workers}
        )
        self.stdout.flush()
        become_the_server(address, workers)

    def sensible(self, workers):
        """Return how many worker processes to run; SQLite has one writer at a time."""
        if workers is None:
            # Those who wait for one writer go together in one process; two would only get in each
            # other's way.
            is_sqlite = connection.vendor == "sqlite"
            return 1 if is_sqlite else min(DEFAULT_WORKERS, os.cpu_count() or 1)
        if workers < 1:
            raise CommandError(_("There must be at least one worker."))
        if connection.vendor == "sqlite" and workers > MOST_WORKERS_ON_SQLITE:
            self.stderr.write(
                _("SQLite has one writer at a time: running %(most)d workers instead of %(asked)d.")
                % {"most": MOST_WORKERS_ON_SQLITE, "asked": workers}
            )
            return MOST_WORKERS_ON_SQLITE
        return workers


def empty(directory):
    """Return a directory without what a server before has left in it."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def become_the_server(address, workers):
    """Replace this process by the server, so that signals reach it directly."""
    arguments = {
        "interface": "wsgi",
        "host": address.host,
        "port": address.port,
        "workers": workers,
        "blocking-threads": THREADS_PER_WORKER,
        "workers-kill-timeout": SECONDS_TO_STOP,
        "log-level": "warning",
    }
    connections.close_all()
    path = [str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]
    os.environ[WORKERS] = str(workers)
    os.environ[DIRECTORY] = str(empty(settings.VAR_DIR / f"metrics-{address.port}"))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable,
        [
            *(sys.executable, "-m", "granian", "badgeadmin.worker:application"),
            *(f"--{name}={value}" for name, value in arguments.items()),
            *("--factory", "--no-ws", "--respawn-failed-workers"),
        ],
    )
