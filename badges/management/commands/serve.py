"""Run the production server."""

import os
import shutil
import sys

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import connection, connections
from django.utils.translation import gettext as _

from badges import staticfiles
from badges.locks import lock_until_exit
from badges.management.readiness import Address, check_migrated
from badges.management.safety import check_safe, warnings_for
from badges.metrics import DIRECTORY
from badges.rate_limits import WORKERS

DEFAULT_BIND = "127.0.0.1:8000"
DEFAULT_WORKERS = 2
MAX_WORKERS_ON_SQLITE = 4


class Command(BaseCommand):
    help = _("Serve the application and its static files, on the database of DATABASE_URL.")

    def add_arguments(self, parser):
        parser.add_argument(
            "--bind",
            default=DEFAULT_BIND,
            metavar="HOST:PORT",
            help=_("The address of the server. Default: %(bind)s.") % {"bind": DEFAULT_BIND},
        )
        parser.add_argument(
            "--workers",
            type=int,
            metavar="N",
            help=_(
                "The number of worker processes, each of which handles %(slots)d requests at a "
                "time. Default: %(workers)d, at most the number of processors; 1 on SQLite."
            )
            % {"slots": settings.MAX_CONCURRENT_REQUESTS, "workers": DEFAULT_WORKERS},
        )

    def handle(self, *, bind, workers, **options):
        address = Address.parse(bind)
        workers = self.worker_count(workers)
        check_safe(address)
        check_migrated()
        reserve(address)
        if not options["skip_checks"]:  # the demo listens on loopback only
            for warning in warnings_for(address):
                self.stderr.write(warning)
        staticfiles.prepare()
        self.stdout.write(
            _("Serving on http://%(address)s/ with %(workers)d worker processes; Ctrl-C stops it.")
            % {"address": address, "workers": workers}
        )
        self.stdout.flush()
        exec_server(address, workers)

    def worker_count(self, workers):
        """Return the number of worker processes; SQLite has one writer at a time."""
        if workers is None:
            # One process batches the requests that wait for the single writer; two processes would
            # only compete for its lock.
            is_sqlite = connection.vendor == "sqlite"
            return 1 if is_sqlite else min(DEFAULT_WORKERS, os.cpu_count() or 1)
        if workers < 1:
            raise CommandError(_("There must be at least one worker."))
        if connection.vendor == "sqlite" and workers > MAX_WORKERS_ON_SQLITE:
            self.stderr.write(
                _("SQLite has one writer at a time: starting %(maximum)d workers, not %(workers)d.")
                % {"maximum": MAX_WORKERS_ON_SQLITE, "workers": workers}
            )
            return MAX_WORKERS_ON_SQLITE
        return workers


def reserve(address):
    """Raise CommandError unless only this process may listen on the address from now on."""
    address.check_free()
    if not lock_until_exit(settings.VAR_DIR / f"serve-{address.port}.lock"):
        raise CommandError(
            _("Cannot listen on %(address)s: another server is starting there.")
            % {"address": address}
        )


def recreate(directory):
    """Return a directory after removing the files of an earlier server."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def exec_server(address, workers):
    """Replace this process by the server, so that signals reach it directly."""
    arguments = {"host": address.host, "port": address.port, "workers": workers}
    connections.close_all()
    path = [str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]
    os.environ[WORKERS] = str(workers)
    os.environ[DIRECTORY] = str(recreate(settings.VAR_DIR / f"metrics-{address.port}"))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable,
        [
            *(sys.executable, "-m", "badgeadmin.server"),
            *(f"--{name}={value}" for name, value in arguments.items()),
        ],
    )
