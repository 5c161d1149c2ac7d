"""Small databases that got damaged: told apart from a disk that is full or busy, and set aside, never thrown away."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from serving.files import exclusive_lock

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY_SECONDS: Final = 30.0


class DamagedError(sqlite3.DatabaseError):
    """A database that can be opened and is not what it was."""


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether an error says that the file itself is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, DamagedError) or (code is not None and code & 0xFF in _DAMAGED)


def require_sound(connection: sqlite3.Connection, table: str) -> None:
    """Nothing, if the database is whole and has its table; one that lost its table lost what was in it.

    Raises:
        sqlite3.DatabaseError: it is damaged.

    """
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise DamagedError("pages of it are damaged")
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is None:
        raise DamagedError(f"it has no {table}")


def set_aside(file: Path, table: str, now: datetime) -> Path | None:
    """Give a damaged database another name, beside; null where it is sound, because another process was here first.

    Raises:
        OSError: the disk refused.
        sqlite3.Error: it cannot be looked at.

    """
    with exclusive_lock(file.with_name(f"{file.name}.lock")):
        try:
            with closing(sqlite3.connect(file, timeout=_BUSY_SECONDS)) as connection:
                require_sound(connection, table)
        except sqlite3.Error as error:
            if not is_damaged(error):
                raise
        else:
            return None
        aside = file.with_name(f"{file.stem}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}{file.suffix}")
        file.rename(aside)
        for rest in ("-journal", "-wal", "-shm"):
            file.with_name(file.name + rest).unlink(missing_ok=True)
        return aside
