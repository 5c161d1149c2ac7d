"""Files that many processes share: published whole and durable, and locks that end with the process that holds them."""

import os
import sqlite3
import uuid
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from shared_models.errors import LedgerUnavailableError

_WAIT_SECONDS: Final = 120.0


def temporary_beside(final: Path) -> Path:
    """A name next to a file's final one that no other process or thread uses."""
    return final.with_name(f".{final.name}.{uuid.uuid4().hex[:12]}.tmp")


def publish(temporary: Path, final: Path) -> None:
    """Make a finished file visible under its final name, durably: fsync the file, rename, fsync the folder.

    Raises:
        OSError: the disk refused.

    """
    with temporary.open("rb+") as handle:
        os.fsync(handle.fileno())
    temporary.replace(final)
    sync_folder(final.parent)


def write_whole(final: Path, data: bytes) -> None:
    """Write a file that readers see whole, in its old or its new form.

    Raises:
        OSError: the disk refused; the old form stays.

    """
    temporary = temporary_beside(final)
    try:
        temporary.write_bytes(data)
        publish(temporary, final)
    finally:
        discard(temporary)


def discard(temporary: Path) -> None:
    """Remove what is left of a temporary file; where the disk refuses, its own error came first."""
    with suppress(OSError):
        temporary.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    if os.name != "posix":  # Windows cannot open a folder for fsync; the rename itself is journaled there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def shared_lock(file: Path) -> Generator[None, None, None]:
    """Hold a lock together with other sharers; an exclusive holder is waited for.

    A SQLite transaction is the lock: every platform has it, and it ends with its holder, however that dies.
    Where the folder cannot be written nobody removes a file either, and no lock is needed.

    Raises:
        LedgerUnavailableError: somebody held it alone for too long.

    """
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(closing(_connect(file, _WAIT_SECONDS)))
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise LedgerUnavailableError(
                    f"Another process kept {file.name} locked.", hint="Repeat in a moment; nothing was changed."
                ) from error
        yield


@contextmanager
def exclusive_lock(file: Path, *, wait: bool = True) -> Generator[bool, None, None]:
    """Hold a lock alone; says whether it was got, which without `wait` is no where anybody holds it."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(closing(_connect(file, _WAIT_SECONDS if wait else 0.0)))
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            got = False
        else:
            got = True
        yield got


def _connect(file: Path, timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=timeout, isolation_level=None)
