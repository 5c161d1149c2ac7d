"""Files that many processes share: published whole and durable, and locks that end with the process that holds them."""

import hashlib
import os
import sqlite3
import uuid
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from shared_models.errors import LedgerUnavailableError

_WAIT_SECONDS: Final = 120.0


def sha256_of(*files: Path) -> str:
    """The hash of these files' bytes, one after another.

    Raises:
        OSError: the disk refused.

    """
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as handle:
            hashlib.file_digest(handle, lambda: digest)
    return digest.hexdigest()


@contextmanager
def temporary(final: Path) -> Generator[Path, None, None]:
    """A name next to a file's final one that no other process or thread uses; nothing stays under it afterwards."""
    beside = final.with_name(f".{final.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        yield beside
    finally:
        with suppress(OSError):  # where the disk refuses, its own error came first
            beside.unlink()


def publish(finished: Path, final: Path) -> None:
    """Make a finished file visible under its final name, durably: fsync the file, rename, fsync the folder.

    Raises:
        OSError: the disk refused.

    """
    with finished.open("rb+") as handle:
        os.fsync(handle.fileno())
    finished.replace(final)
    sync_folder(final.parent)


def publish_by_content(finished: Path, suffix: str) -> tuple[Path, str]:
    """The same under the name that its content gives it, in its own folder; returns the file and its hash.

    Raises:
        OSError: the disk refused.

    """
    sha256 = sha256_of(finished)
    final = finished.with_name(sha256 + suffix)
    publish(finished, final)
    return final, sha256


def write_whole(final: Path, data: bytes) -> None:
    """Write a file that readers see whole, in its old or its new form.

    Raises:
        OSError: the disk refused; the old form stays.

    """
    with temporary(final) as beside:
        beside.write_bytes(data)
        publish(beside, final)


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
