"""Dataset snapshots in the catalogue: one row for what one source says, from one generation to another."""

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime

from orchestrator.ledger.catalog import stamp, unstamp
from shared_models.dataset import DatasetName


@dataclass(frozen=True)
class DatasetSnapshot:
    """What one source says of one dataset of one provider, or what was merged from several.

    `booked` says whether it counts or only takes part in a merge.
    """

    name: DatasetName
    provider: str
    source_key: str
    file: str
    rows: int
    sha256: str
    data_as_of: datetime | None
    fetched_at: datetime
    booked: bool = True


def current_row(
    connection: sqlite3.Connection, name: DatasetName, provider: str, source_key: str
) -> sqlite3.Row | None:
    """What this source says now."""
    return connection.execute(
        "SELECT * FROM dataset WHERE name = ? AND provider = ? AND source_key = ? AND to_generation IS NULL",
        [name.value, provider, source_key],
    ).fetchone()


def insert_row(connection: sqlite3.Connection, row: DatasetSnapshot, generation: int) -> None:
    """From this generation on the source says this, and no longer what it said before."""
    former = current_row(connection, row.name, row.provider, row.source_key)
    if former is not None:
        close_row(connection, former, generation)
    connection.execute(
        "INSERT INTO dataset (name, provider, source_key, file, rows, sha256, data_as_of, fetched_at, booked,"
        " from_generation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            row.name.value,
            row.provider,
            row.source_key,
            row.file,
            row.rows,
            row.sha256,
            stamp(row.data_as_of) if row.data_as_of else None,
            stamp(row.fetched_at),
            int(row.booked),
            generation,
        ],
    )


def close_row(connection: sqlite3.Connection, row: sqlite3.Row, generation: int) -> None:
    """The row is history from this generation on; one of this very generation was never seen and goes."""
    if int(row["from_generation"]) == generation:
        connection.execute("DELETE FROM dataset WHERE id = ?", [row["id"]])
    else:
        connection.execute("UPDATE dataset SET to_generation = ? WHERE id = ?", [generation, row["id"]])


def refresh_row(connection: sqlite3.Connection, row_id: int, data_as_of: datetime | None, now: datetime) -> None:
    """The source said the same again: the content stands, its age is new.

    Not journaled, for it is no commit: a catalogue made again from the journal has the age of the last commit, which
    is never too young, until the source speaks again.
    """
    connection.execute(
        "UPDATE dataset SET fetched_at = ?, data_as_of = coalesce(?, data_as_of) WHERE id = ?",
        [stamp(now), stamp(data_as_of) if data_as_of else None, row_id],
    )


def snapshot_of(found: sqlite3.Row) -> DatasetSnapshot:
    """The snapshot of a row that was read."""
    return DatasetSnapshot(
        name=DatasetName(found["name"]),
        provider=found["provider"],
        source_key=found["source_key"],
        file=found["file"],
        rows=int(found["rows"]),
        sha256=found["sha256"],
        data_as_of=unstamp(found["data_as_of"]) if found["data_as_of"] else None,
        fetched_at=unstamp(found["fetched_at"]),
        booked=bool(found["booked"]),
    )


def set_booked(connection: sqlite3.Connection, found: sqlite3.Row, generation: int, *, booked: bool) -> None:
    """The row counts, or no longer, from this generation on."""
    if bool(found["booked"]) != booked:
        insert_row(connection, replace(snapshot_of(found), booked=booked), generation)
