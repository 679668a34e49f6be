"""The requirements of a command: a database with all migrations, and a free address."""

import os
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.core.management import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _


def check_migrated():
    """Raise CommandError if the database is unavailable or lacks a migration."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise CommandError(
            _("The database cannot be used: %(error)s") % {"error": str(error).strip()}
        ) from error
    if waiting:
        raise CommandError(
            _("The database is not up to date. Run this first: python manage.py migrate")
        )


@dataclass(frozen=True, slots=True)
class Address:
    """The address on which a server listens; the host is numeric."""

    host: str
    port: int

    def __str__(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self):
        """Whether only this machine can reach the address."""
        return ip_address(self.host.partition("%")[0]).is_loopback

    @classmethod
    def parse(cls, bind):
        """Return the address of HOST:PORT or [IPV6]:PORT, with the host name resolved."""
        host, port = _parts(bind)
        try:
            host = str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
        except OSError as error:
            raise CommandError(
                _("The host %(host)s cannot be resolved: %(error)s")
                % {"host": host, "error": error.strerror}
            ) from error
        return cls(host, port)

    def check_free(self):
        """Raise CommandError unless a server could listen here now.

        The server itself would share the port with a running server, and each would receive some of
        the requests.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                if os.name == "posix":
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((self.host, self.port))
        except OSError as error:
            raise CommandError(
                _("Cannot listen on %(address)s: %(error)s")
                % {"address": self, "error": error.strerror}
            ) from error


def _parts(bind):
    try:
        parts = urlsplit(f"//{bind}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.netloc != bind or "@" in bind:
        raise CommandError(
            _("'%(bind)s' is not an address: use HOST:PORT or [IPV6]:PORT (port 1 to 65535).")
            % {"bind": bind}
        )
    return host, port
