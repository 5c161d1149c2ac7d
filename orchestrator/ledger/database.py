"""A small SQLite database that many processes share: short-lived connections, whole transactions, numbered schemas."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from orchestrator.ledger.read_only import open_unwritable
from shared_models.disk import unavailable
from shared_models.errors import LedgerCorruptError, LedgerUnavailableError, LedgerVersionError

_APPLICATION_ID: Final = 0x534B594C  # "SKYL"
_BUSY_SECONDS: Final = 30.0
Fill = Callable[[sqlite3.Connection], None]


@dataclass(frozen=True)
class Database:
    """One file. `schema` is a folder of numbered SQL files, 0001_... makes version 1 and each later one the next
    version; `remedy` is what helps when the file is damaged.
    """

    file: Path
    schema: Path
    remedy: str

    @cached_property
    def steps(self) -> tuple[Path, ...]:
        """The schema's files in their order; the last one's number is the version."""
        return tuple(sorted(self.schema.glob("[0-9]*.sql")))

    def prepare(self, fill: Fill | None = None) -> "Database":
        """Bring the file to the newest version; `fill` runs in the same transaction where the file is new.

        Raises:
            LedgerVersionError: a newer SkyLedger wrote the file.
            LedgerCorruptError: the file is damaged or another program's.
            LedgerUnavailableError: the file cannot be opened, or must be brought up to date and cannot be written.

        """
        if self.file.exists():
            with self.reading() as connection:
                if self._version(connection) == len(self.steps):
                    return self
        with self.committing() as connection:
            version = self._version(connection)
            for step in self.steps[version:]:
                for statement in _statements(step):
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(self.steps)}")
            if version == 0 and fill is not None:
                fill(connection)
        return self

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection whose reads all see one state of the file; it works on a read-only or full disk too."""
        with self._translated(), closing(self._open_to_read()) as connection:
            yield connection

    @contextmanager
    def committing(self, busy_seconds: float = _BUSY_SECONDS) -> Generator[sqlite3.Connection, None, None]:
        """A write transaction: all of it becomes visible at once, or nothing."""
        with self._translated(), closing(self._open(busy_seconds)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def check(self) -> None:
        """Read the file through.

        Raises:
            LedgerCorruptError: a page of it is damaged.

        """
        with self.reading() as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise LedgerCorruptError(f"{self.file.name} is damaged.", hint=self.remedy, details={"found": found[:200]})

    @contextmanager
    def _translated(self) -> Generator[None, None, None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise _unusable(error, self.file.name) from error
        except sqlite3.DatabaseError as error:
            raise LedgerCorruptError(f"{self.file.name} is damaged or is not ours.", hint=self.remedy) from error
        except OSError as error:
            raise unavailable(error, self.file.name) from error

    def _open(self, busy_seconds: float) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=busy_seconds, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_to_read(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = None
        try:
            connection = self._open(_BUSY_SECONDS)
            _begin(connection)
        except sqlite3.OperationalError as error:
            if connection is not None:
                connection.close()
            if not self.file.exists() or _contended(error):
                raise
            connection = open_unwritable(self.file)
            connection.row_factory = sqlite3.Row
            _begin(connection)
        return connection

    def _version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > len(self.steps):
            raise LedgerVersionError(
                f"{self.file.name} has schema {version}; this SkyLedger knows {len(self.steps)}.",
                hint="Upgrade SkyLedger, or set SKYLEDGER_HOME to another folder.",
            )
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
        owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
        if tables and owner != _APPLICATION_ID:
            raise LedgerCorruptError(
                f"{self.file.name} belongs to another program.", hint="Set SKYLEDGER_HOME to another folder."
            )
        return version


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _statements(step: Path) -> list[str]:
    """The statements of a file, which executescript would commit one by one."""
    found: list[str] = []
    pending = ""
    for line in step.read_text(encoding="utf-8").splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found


def _contended(error: sqlite3.OperationalError) -> bool:
    return (error.sqlite_errorcode & 0xFF) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _unusable(error: sqlite3.OperationalError, name: str) -> LedgerUnavailableError:
    text = str(error)
    if _contended(error):
        return LedgerUnavailableError(
            f"Another process kept {name} locked.", hint="Repeat in a moment; nothing was changed."
        )
    if error.sqlite_errorcode in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_WRITE}:
        return LedgerUnavailableError(
            f"The disk is full: {name}.", hint="Free some space and repeat; nothing was changed."
        )
    if (error.sqlite_errorcode & 0xFF) in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return LedgerUnavailableError(
            "The ledger's folder cannot be written.", hint="Set SKYLEDGER_HOME to a folder that you own."
        )
    return LedgerUnavailableError(f"{name} cannot be used: {text}.", hint="`skyledger doctor` says more.")
