"""The faults that are injected into a system under load."""

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults import stalled
from tests.faults.clients import EARN, ListClient, Responses, earn_of, stop_clients
from tests.faults.overload import SlowClients
from tests.faults.system import System, kill

POSTGRESQL, SQLITE = "PostgreSQL", "SQLite"
# Long enough for a new worker to start before the next one is killed.
SECONDS_APART = 3.0
SLOW_CLIENTS = 100
FLOOD, WORKERS = 5, 2  # the number of clients as a multiple of the capacity of all workers
SECONDS_TO_RECOVER = 5.0
HOUR = 3600  # seconds

# Injects a fault until a time of the monotonic clock, and returns the number of injections.
Injection = Callable[[System, Responses, float], int]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault: its injection, and the condition that shows that it had an effect.

    `settings` are lines for PostgreSQL's configuration. A `small_disk` contains only the database.
    """

    name: str
    inject: Injection
    database: str = POSTGRESQL
    settings: str = ""
    small_disk: int = 0  # megabytes
    cuts: float = 0.0  # the share of responses that a proxy in front drops
    skewed: bool = False  # whether the clock of the server can be set forward and back
    # Whether PgBouncer would hide the fault from the server, or is not involved.
    unpooled: bool = False
    has_effect: Callable[[Responses, int], bool] = lambda responses, hits: hits > 0
    max_length: float = math.inf  # the longest time in seconds that a client may wait


def kill_workers(system: System, responses: Responses, until: float) -> int:
    return _repeat(until, SECONDS_APART, lambda: _kill_oldest(system.workers()))


def kill_chores(system: System, responses: Responses, until: float) -> int:
    return _repeat(until, 0.7, lambda: _kill_oldest(system.chores()))


def kill_database(system: System, responses: Responses, until: float) -> int:
    def kill_and_start() -> bool:
        kill(system.cluster.pid)
        time.sleep(0.5)
        _restart_database(system)
        return True

    return _repeat(until, 1.5, kill_and_start)


def reload_workers(system: System, responses: Responses, until: float) -> int:
    """Make the server replace its workers, as after an update of the code."""

    def reload() -> bool:
        system.signal(signal.SIGHUP)
        return True

    return _repeat(until, 2.5, reload)


def restart_server(system: System, responses: Responses, until: float) -> int:
    def restart() -> bool:
        system.restart()
        return True

    return _repeat(until, 1.0, restart)


def cut_replies(system: System, responses: Responses, until: float) -> int:
    time.sleep(max(0, until - time.monotonic()))
    return system.cutter.cut


def inject_nothing(system: System, responses: Responses, until: float) -> int:
    """Do nothing: the configuration of the system is the fault."""
    time.sleep(max(0, until - time.monotonic()))
    return responses.unavailable


def fill_disk(system: System, responses: Responses, until: float) -> int:
    """Fill the disk of the database for two seconds, repeatedly."""
    filler = system.disk / "filler"

    def fill() -> bool:
        before = responses.unavailable
        subprocess.run(
            ["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], check=False, capture_output=True
        )
        time.sleep(2)
        filler.unlink()
        if system.cluster:
            _restart_database(system)
        return responses.unavailable > before

    return _repeat(until, 1.0, fill)


def kill_workers_in_lists(system: System, responses: Responses, until: float) -> int:
    """Kill workers while they give badges to long lists."""
    client = ListClient(1000, system.address, system.made, system.made.kinds, responses)
    client.start()
    hits = _repeat(until, SECONDS_APART, lambda: _kill_oldest(system.workers()))
    stop_clients([client])
    return hits


def send_slowly(system: System, responses: Responses, until: float) -> int:
    """Run a hundred slow clients in every second quarter. Return how many were not rejected."""
    quarter, unanswered = (until - time.monotonic()) / 4, SLOW_CLIENTS
    baseline, loaded = [], []
    for waits in (baseline, loaded, baseline, loaded):
        clients = None
        if waits is loaded:
            clients = SlowClients(SLOW_CLIENTS, system.address, EARN, system.made.authorization)
            clients.start()
        before = len(responses.waits)
        time.sleep(quarter)
        waits += responses.waits[before:]
        if clients:
            unanswered = min(unanswered, clients.close())
    responses.note = f"p99 {stalled.p99(baseline):.0f} ms, with them {stalled.p99(loaded):.0f} ms"
    return unanswered


def flood(system: System, responses: Responses, until: float) -> int:
    """Send requests at five times the capacity. Return the number of rejected requests."""
    from django.conf import settings

    seconds, file = until - time.monotonic(), system.disk.with_name("flood.json")
    options = {
        "address": system.address,
        "path": EARN,
        "authorization": system.made.authorization,
        "count": FLOOD
        * WORKERS
        * (settings.MAX_CONCURRENT_REQUESTS + settings.MAX_QUEUED_REQUESTS),
        "until": time.time() + seconds,
        "body": earn_of(system.made.plain),
    }
    command = [sys.executable, "-m", "tests.faults.overload", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        json.dump(options, process.stdin)
        process.stdin.close()
        time.sleep(seconds / 3)
        before = system.memory()
        process.wait()
    after, answered = system.memory(), len(responses.waits)
    began = time.monotonic()
    while len(responses.waits) < answered + 8 and time.monotonic() < began + SECONDS_TO_RECOVER:
        time.sleep(0.01)
    recovered = time.monotonic() - began
    found = json.loads(file.read_text())
    responses.earned |= found["earned"]
    statuses = found["statuses"]
    if (unexpected := set(statuses) - {"200", "503"}) or recovered >= SECONDS_TO_RECOVER:
        responses.unexpected.append(f"{unexpected} of {statuses}, recovered in {recovered:.1f} s")
    responses.note = (
        f"{statuses.get('200', 0):,} of {sum(statuses.values()):,} done, recovered in "
        f"{recovered:.1f} s, memory {before:.0f} MB, then {after:.0f}"
    )
    return statuses.get("503", 0)


def skew_clock(system: System, responses: Responses, until: float) -> int:
    """Set the clock of the server two hours ahead and back. Return how often it was wrong."""

    def skew() -> bool:
        system.clock.write_text("-2h" if system.clock.read_text() == "+2h" else "+2h")
        time.sleep(2)
        return abs(system.time() - time.time()) > HOUR

    return _repeat(until, 0.1, skew)


def _repeat(until: float, pause: float, act: Callable[[], bool]) -> int:
    """Run a function repeatedly until a time. Return how often it returned True."""
    hits = 0
    while time.monotonic() < until:
        hits += act()
        time.sleep(pause)
    return hits


def _kill_oldest(pids: list[int]) -> bool:
    if pids:
        kill(min(pids))
    return bool(pids)


def _restart_database(system: System) -> None:
    """Start the database if it does not run. Retry while its old processes exit."""
    for _attempt in range(20):
        if system.cluster.is_running:
            return
        try:
            system.cluster.start()
        except subprocess.CalledProcessError:
            time.sleep(0.5)
    raise RuntimeError("PostgreSQL does not start again.")


def _was_unavailable(responses: Responses, hits: int) -> bool:
    return responses.unavailable > 0


def connection_faults() -> Iterator[Fault]:
    """Yield the faults of idle connections, which involve no database."""
    for name, *openings in (
        ("500 bodies that never come", stalled.headers_only, stalled.headers_without_credentials),
        ("500 halves of headers", stalled.partial_headers),
        ("500 connections without a byte", stalled.no_bytes),
        ("500 prefaces of HTTP/2", stalled.preface),
    ):
        yield Fault(name=name, inject=stalled.stall(*openings), max_length=5.0, unpooled=True)
    vanishing = stalled.stall(stalled.headers_only, stalled.partial_headers, vanish=True)
    yield Fault(name="500 clients that vanish", inject=vanishing, max_length=5.0, unpooled=True)


FAULTS = [
    Fault(name="kill -9 of web workers", inject=kill_workers),
    Fault(name="kill -9 of web workers in lists", inject=kill_workers_in_lists),
    Fault(name="kill -9 of counting and sealing", inject=kill_chores),
    Fault(name="kill -9 of PostgreSQL", inject=kill_database, has_effect=_was_unavailable),
    Fault(name="new workers (HUP)", inject=reload_workers),
    Fault(name="the server started anew (TERM)", inject=restart_server),
    Fault(
        name="replies cut after the commit",
        inject=cut_replies,
        cuts=0.03,
        has_effect=lambda responses, hits: responses.replays > 0,
    ),
    Fault(
        name="more clients than connections",
        unpooled=True,
        inject=inject_nothing,
        settings="max_connections = 4\nsuperuser_reserved_connections = 1",
        has_effect=_was_unavailable,
        max_length=30.0,
    ),
    Fault(
        name="disk full",
        inject=fill_disk,
        small_disk=450,
        settings="max_wal_size = 64MB\nshared_buffers = 128MB",
        has_effect=_was_unavailable,
    ),
    Fault(
        name="100 clients send a byte a second",
        inject=send_slowly,
        has_effect=lambda responses, hits: hits == SLOW_CLIENTS,
        max_length=5.0,
    ),
    *connection_faults(),
    Fault(name="a flood, 5 times what there is room for", inject=flood),
    Fault(name="a clock that is two hours off", inject=skew_clock, skewed=True),
    Fault(name="kill -9 of web workers", database=SQLITE, inject=kill_workers),
    Fault(
        name="disk full",
        database=SQLITE,
        inject=fill_disk,
        small_disk=24,
        has_effect=_was_unavailable,
    ),
]


def mounted(megabytes: int, place: Path) -> None:
    """Mount a small file system in memory."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(place)]
    subprocess.run(command, check=True)


def unmounted(place: Path) -> None:
    subprocess.run(["umount", str(place)], check=True)
