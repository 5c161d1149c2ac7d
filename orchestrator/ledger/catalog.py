"""The catalogue: one SQLite file that says which files make up which snapshot; its transactions commit."""

import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from orchestrator.ledger.home import LedgerHome
from shared_models.errors import LedgerCorruptError, LedgerUnavailableError, LedgerVersionError

SCHEMA_VERSION: Final = 1
_APPLICATION_ID: Final = 0x534B594C  # "SKYL"
_BUSY_SECONDS: Final = 30.0


def stamp(instant: datetime) -> str:
    """A time as the catalogue stores it: UTC, sortable as text."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def unstamp(text: str) -> datetime:
    """The time behind a stamp."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


class Catalog:
    """Opens short-lived connections; any number of processes may hold a Catalog on one file."""

    def __init__(self, home: LedgerHome) -> None:
        self.home = home
        with self._connection() as connection:
            _migrate(connection)

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection, None, None]:
        try:
            with closing(sqlite3.connect(self.home.catalog, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
        except sqlite3.OperationalError as error:
            raise _unusable(error) from error
        except sqlite3.DatabaseError as error:
            raise LedgerCorruptError(
                "catalog.sqlite is damaged or is not ours.",
                hint="`skyledger rebuild` makes the ledger again from its sources; user state is not touched.",
            ) from error

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection whose reads all see one state of the catalogue."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def committing(self) -> Generator[sqlite3.Connection, None, None]:
        """A write transaction: all of it becomes visible at once, or nothing."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def current_generation(self) -> int:
        """The newest commit; 0 for an empty ledger."""
        with self.reading() as connection:
            return newest_generation(connection)

    def generation_at(self, instant: datetime) -> int:
        """The newest commit at or before an instant; 0 before the first."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT coalesce(max(id), 0) FROM generation WHERE committed_at <= ?", [stamp(instant)]
            ).fetchone()
            return int(row[0])

    def reports(self, limit: int = 20) -> list[dict[str, object]]:
        """The newest import reports, newest first."""
        with self.reading() as connection:
            rows = connection.execute("SELECT report FROM import_report ORDER BY id DESC LIMIT ?", [limit]).fetchall()
        return [json.loads(row["report"]) for row in rows]


def newest_generation(connection: sqlite3.Connection) -> int:
    """The newest commit that this connection sees."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM generation").fetchone()[0])


def new_generation(connection: sqlite3.Connection, reason: str, now: datetime) -> int:
    """Open the next generation inside of a write transaction."""
    cursor = connection.execute("INSERT INTO generation (committed_at, reason) VALUES (?, ?)", [stamp(now), reason])
    return int(cursor.lastrowid or 0)


def _migrate(connection: sqlite3.Connection) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise LedgerVersionError(
            f"This ledger has schema {version}; this SkyLedger knows {SCHEMA_VERSION}.",
            hint="Upgrade SkyLedger, or set SKYLEDGER_HOME to another folder.",
        )
    if version == SCHEMA_VERSION:
        return
    tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if tables and owner != _APPLICATION_ID:
        raise LedgerCorruptError(
            "catalog.sqlite belongs to another program.", hint="Set SKYLEDGER_HOME to another folder."
        )
    schema = (Path(__file__).parent / "catalog.sql").read_text(encoding="utf-8")
    connection.executescript(
        f"BEGIN IMMEDIATE; {schema} PRAGMA application_id = {_APPLICATION_ID};"
        f" PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    )


def _unusable(error: sqlite3.OperationalError) -> LedgerUnavailableError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return LedgerUnavailableError(
            "Another process kept the catalogue locked.", hint="Repeat in a moment; nothing was changed."
        )
    if "full" in text:
        return LedgerUnavailableError("The disk is full.", hint="Free some space and repeat; nothing was changed.")
    if "readonly" in text or "unable to open" in text:
        return LedgerUnavailableError(
            "The ledger's folder cannot be written.", hint="Set SKYLEDGER_HOME to a folder that you own."
        )
    return LedgerUnavailableError(f"The catalogue cannot be used: {text}.", hint="`skyledger doctor` says more.")
