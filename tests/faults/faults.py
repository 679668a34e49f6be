"""The faults: what is done to a system while clients are at work on it."""

import json
import math
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.clients import EARN, ListClient, Told, dismiss, earn_of
from tests.faults.crowds import SlowCrowd
from tests.faults.system import System, kill

POSTGRESQL, SQLITE = "PostgreSQL", "SQLite"
# The server gives up when a worker dies twice within 5.5 seconds: with two of them, one at a time.
SECONDS_APART = 3.0
SLOW = 100
FLOOD, WORKERS = 5, 2  # times what the workers of the server have room for
SECONDS_TO_RECOVER = 5.0
HOUR = 3600  # seconds

# Does something to a system until a moment of the monotonic clock; returns how often.
Hurt = Callable[[System, Told, float], int]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault: how a system is hurt, and what has to have been seen, or the test did not bite.

    `settings` are lines for PostgreSQL's configuration; on a `small_disk` the database alone is.
    """

    name: str
    hurt: Hurt
    database: str = POSTGRESQL
    settings: str = ""
    small_disk: int = 0  # megabytes
    cuts: float = 0.0  # the share of replies that a proxy in front keeps to itself
    skewed: bool = False  # whether the clock of the server can be put on and back
    bites: Callable[[Told, int], bool] = lambda told, hits: hits > 0
    longest: float = math.inf  # seconds that a client may have had to wait


def kill_workers(system: System, told: Told, until: float) -> int:
    return _again(until, SECONDS_APART, lambda: _kill_oldest(system.workers()))


def kill_chores(system: System, told: Told, until: float) -> int:
    return _again(until, 0.7, lambda: _kill_oldest(system.chores()))


def kill_database(system: System, told: Told, until: float) -> int:
    def kill_and_start() -> bool:
        kill(system.cluster.pid)
        time.sleep(0.5)
        _start_again(system)
        return True

    return _again(until, 1.5, kill_and_start)


def reload_workers(system: System, told: Told, until: float) -> int:
    """Ask the server for new workers, as after an update of the code."""

    def ask() -> bool:
        system.signal(signal.SIGHUP)
        return True

    return _again(until, 2.5, ask)


def restart_server(system: System, told: Told, until: float) -> int:
    def restart() -> bool:
        system.restart()
        return True

    return _again(until, 1.0, restart)


def cut_replies(system: System, told: Told, until: float) -> int:
    time.sleep(max(0, until - time.monotonic()))
    return system.cutter.cut


def leave_alone(system: System, told: Told, until: float) -> int:
    """Do nothing: the system is set up in such a way that it hurts."""
    time.sleep(max(0, until - time.monotonic()))
    return told.unavailable


def fill_disk(system: System, told: Told, until: float) -> int:
    """Leave no room on the disk of the database for two seconds, time and again."""
    stuffing = system.disk / "stuffing"

    def fill() -> bool:
        before = told.unavailable
        subprocess.run(
            ["dd", "if=/dev/zero", f"of={stuffing}", "bs=64k"], check=False, capture_output=True
        )
        time.sleep(2)
        stuffing.unlink()
        if system.cluster:
            _start_again(system)
        return told.unavailable > before

    return _again(until, 1.0, fill)


def kill_workers_in_lists(system: System, told: Told, until: float) -> int:
    """Kill workers while they give badges to long lists."""
    client = ListClient(1000, system.address, system.made, system.made.kinds, told)
    client.start()
    hits = _again(until, SECONDS_APART, lambda: _kill_oldest(system.workers()))
    dismiss([client])
    return hits


def send_slowly(system: System, told: Told, until: float) -> int:
    """Let a hundred send a byte a second, in every second quarter; return how many stayed."""
    quarter, patient = (until - time.monotonic()) / 4, SLOW
    calm, crowded = [], []
    for waits in (calm, crowded, calm, crowded):
        slow = None
        if waits is crowded:
            slow = SlowCrowd(SLOW, system.address, EARN, system.made.authorization)
            slow.start()
        before = len(told.waits)
        time.sleep(quarter)
        waits += told.waits[before:]
        if slow:
            patient = min(patient, slow.dismiss())
    told.note = f"p99 {_p99(calm):.0f} ms, with them {_p99(crowded):.0f} ms"
    return patient


def flood(system: System, told: Told, until: float) -> int:
    """Send five times more at once than there is room for; return how many were sent away."""
    from django.conf import settings

    seconds, file = until - time.monotonic(), system.disk.with_name("flood.json")
    asked = {
        "address": system.address,
        "path": EARN,
        "authorization": system.made.authorization,
        "count": FLOOD * WORKERS * (settings.PLACES + settings.MOST_WAITING),
        "until": time.time() + seconds,
        "body": earn_of(system.made.plain),
    }
    command = [sys.executable, "-m", "tests.faults.crowds", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as crowd:
        json.dump(asked, crowd.stdin)
        crowd.stdin.close()
        time.sleep(seconds / 3)
        before = system.memory()
        crowd.wait()
    after, answered = system.memory(), len(told.waits)
    began = time.monotonic()
    while len(told.waits) < answered + 8 and time.monotonic() < began + SECONDS_TO_RECOVER:
        time.sleep(0.01)
    recovered = time.monotonic() - began
    found = json.loads(file.read_text())
    told.earned |= found["earned"]
    statuses = found["statuses"]
    if odd := set(statuses) - {"200", "503"} or recovered >= SECONDS_TO_RECOVER:
        told.odd.append(f"{odd} of {statuses}, recovered in {recovered:.1f} s")
    told.note = (
        f"{statuses.get('200', 0):,} of {sum(statuses.values()):,} done, recovered in "
        f"{recovered:.1f} s, memory {before:.0f} MB, then {after:.0f}"
    )
    return statuses.get("503", 0)


def skew_clock(system: System, told: Told, until: float) -> int:
    """Put the clock of the server two hours on and two hours back; return how often it was off."""

    def skew() -> bool:
        system.clock.write_text("-2h" if system.clock.read_text() == "+2h" else "+2h")
        time.sleep(2)
        return abs(system.time() - time.time()) > HOUR

    return _again(until, 0.1, skew)


def _p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[-1] * 1000


def _again(until: float, pause: float, act: Callable[[], bool]) -> int:
    """Act and pause, until it is time; return how often the act did something."""
    hits = 0
    while time.monotonic() < until:
        hits += act()
        time.sleep(pause)
    return hits


def _kill_oldest(pids: list[int]) -> bool:
    if pids:
        kill(min(pids))
    return bool(pids)


def _start_again(system: System) -> None:
    """Start the database if it is not running; its old processes may take a moment to be gone."""
    for _attempt in range(20):
        if system.cluster.is_running:
            return
        try:
            system.cluster.start()
        except subprocess.CalledProcessError:
            time.sleep(0.5)
    raise RuntimeError("PostgreSQL does not start again.")


def _was_unavailable(told: Told, hits: int) -> bool:
    return told.unavailable > 0


FAULTS = [
    Fault(name="kill -9 of web workers", hurt=kill_workers),
    Fault(name="kill -9 of web workers in lists", hurt=kill_workers_in_lists),
    Fault(name="kill -9 of counting and sealing", hurt=kill_chores),
    Fault(name="kill -9 of PostgreSQL", hurt=kill_database, bites=_was_unavailable),
    Fault(name="new workers (HUP)", hurt=reload_workers),
    Fault(name="the server started anew (TERM)", hurt=restart_server),
    Fault(
        name="replies cut after the commit",
        hurt=cut_replies,
        cuts=0.03,
        bites=lambda told, hits: told.replays > 0,
    ),
    Fault(
        name="more clients than connections",
        hurt=leave_alone,
        settings="max_connections = 4\nsuperuser_reserved_connections = 1",
        bites=_was_unavailable,
        longest=30.0,
    ),
    Fault(
        name="disk full",
        hurt=fill_disk,
        small_disk=450,
        settings="max_wal_size = 64MB\nshared_buffers = 128MB",
        bites=_was_unavailable,
    ),
    Fault(
        name="100 clients send a byte a second",
        hurt=send_slowly,
        bites=lambda told, hits: hits == SLOW,
        longest=5.0,
    ),
    Fault(name="a flood, 5 times what there is room for", hurt=flood),
    Fault(name="a clock that is two hours off", hurt=skew_clock, skewed=True),
    Fault(name="kill -9 of web workers", database=SQLITE, hurt=kill_workers),
    Fault(name="disk full", database=SQLITE, hurt=fill_disk, small_disk=8, bites=_was_unavailable),
]


def mounted(megabytes: int, place: Path) -> None:
    """Mount a disk of its own, in memory, that is soon full."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(place)]
    subprocess.run(command, check=True)


def unmounted(place: Path) -> None:
    subprocess.run(["umount", str(place)], check=True)
