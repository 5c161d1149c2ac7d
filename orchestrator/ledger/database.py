"""A small SQLite database that many processes share: short-lived connections, whole transactions, one schema."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared_models.errors import LedgerCorruptError, LedgerUnavailableError, LedgerVersionError

_APPLICATION_ID: Final = 0x534B594C  # "SKYL"
_BUSY_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Database:
    """One file; `schema` is the SQL that makes version `version` of it, `remedy` what helps when it is damaged."""

    file: Path
    schema: Path
    version: int
    remedy: str

    def prepare(self) -> "Database":
        """Make the tables where there are none.

        Raises:
            LedgerVersionError: a newer SkyLedger wrote the file.
            LedgerCorruptError: the file is damaged or another program's.
            LedgerUnavailableError: the file cannot be opened or written.

        """
        with self.connection() as connection:
            self._migrate(connection)
        return self

    @contextmanager
    def connection(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection in autocommit mode, closed at the end; its failures come as errors of ours."""
        try:
            with closing(sqlite3.connect(self.file, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
        except sqlite3.OperationalError as error:
            raise _unusable(error, self.file.name) from error
        except sqlite3.DatabaseError as error:
            raise LedgerCorruptError(f"{self.file.name} is damaged or is not ours.", hint=self.remedy) from error

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection whose reads all see one state of the file."""
        with self.connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def committing(self) -> Generator[sqlite3.Connection, None, None]:
        """A write transaction: all of it becomes visible at once, or nothing."""
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > self.version:
            raise LedgerVersionError(
                f"{self.file.name} has schema {version}; this SkyLedger knows {self.version}.",
                hint="Upgrade SkyLedger, or set SKYLEDGER_HOME to another folder.",
            )
        if version == self.version:
            return
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
        owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
        if tables and owner != _APPLICATION_ID:
            raise LedgerCorruptError(
                f"{self.file.name} belongs to another program.", hint="Set SKYLEDGER_HOME to another folder."
            )
        schema = self.schema.read_text(encoding="utf-8")
        connection.executescript(
            f"BEGIN IMMEDIATE; {schema} PRAGMA application_id = {_APPLICATION_ID};"
            f" PRAGMA user_version = {self.version}; COMMIT;"
        )


def _unusable(error: sqlite3.OperationalError, name: str) -> LedgerUnavailableError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return LedgerUnavailableError(
            f"Another process kept {name} locked.", hint="Repeat in a moment; nothing was changed."
        )
    if "full" in text:
        return LedgerUnavailableError("The disk is full.", hint="Free some space and repeat; nothing was changed.")
    if "readonly" in text or "unable to open" in text:
        return LedgerUnavailableError(
            "The ledger's folder cannot be written.", hint="Set SKYLEDGER_HOME to a folder that you own."
        )
    return LedgerUnavailableError(f"{name} cannot be used: {text}.", hint="`skyledger doctor` says more.")
