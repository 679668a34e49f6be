"""The options of SQLite: WAL mode, or read-only if the folder cannot be written."""

import os
from pathlib import Path

# Data that an erasure overwrites must disappear from the file too, regardless of the build's
# default.
INIT_COMMAND = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
LOCK_TIMEOUT = 20


def configure_sqlite(database: dict) -> dict:
    """Return the settings of a SQLite database, with the options for its file."""
    name = str(database["NAME"])
    if _is_read_only(Path(name)):
        return database | {
            "NAME": _read_only_address(Path(name)),
            "OPTIONS": {"transaction_mode": "DEFERRED", "timeout": LOCK_TIMEOUT},
        }
    # A transaction that starts as a reader and then writes fails immediately if another one wrote
    # in between, regardless of the timeout; with IMMEDIATE it waits instead.
    return database | {
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": LOCK_TIMEOUT,
            "init_command": INIT_COMMAND,
        }
    }


def _is_read_only(file: Path) -> bool:
    """Return whether the file exists in a folder that cannot be written, such as a copy."""
    return file.is_file() and not os.access(file.parent, os.W_OK)


def _read_only_address(file: Path) -> str:
    """Return the URI that opens the file without a lock, unless its write-ahead log has data.

    An immutable file is read without its write-ahead log.
    """
    log = file.with_name(f"{file.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    return f"{file.resolve().as_uri()}?mode=ro" + ("" if has_log else "&immutable=1")
