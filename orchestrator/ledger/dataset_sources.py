"""Several sources of one FOCUS dataset: each invoice, commitment or period counts once, from one of them."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from orchestrator.ledger.dataset_rows import (
    DatasetSnapshot,
    close_row,
    current_row,
    insert_row,
    set_booked,
    snapshot_of,
)
from orchestrator.ledger.duck import connect, readable
from orchestrator.ledger.home import LedgerHome
from serving.files import publish_by_content, temporary
from shared_models.dataset import RECORD_KEYS, STATED_BY, DatasetName, columns_of
from shared_models.disk import unavailable
from shared_models.quoting import literal, quoted

MERGED: Final = "merged"
"""The source key of what was merged from several sources."""


def settle_sources(
    connection: sqlite3.Connection,
    home: LedgerHome,
    name: DatasetName,
    provider: str,
    generation: int,
    now: datetime,
) -> None:
    """Decide what counts now: every source where none says what another says, else one file merged from all of them.

    Inside of the caller's transaction, so that no other source can come between the files and what is merged of them.

    Raises:
        LedgerCorruptError: the file of a source is gone or damaged.
        LedgerUnavailableError: the disk refused.

    """
    sources = connection.execute(
        "SELECT * FROM dataset WHERE name = ? AND provider = ? AND source_key <> ? AND to_generation IS NULL"
        " ORDER BY coalesce(data_as_of, '') DESC, id DESC",
        [name.value, provider, MERGED],
    ).fetchall()
    merged = current_row(connection, name, provider, MERGED)
    if overlap := len(sources) > 1 and _overlap(home, name, sources):
        insert_row(connection, _merge(home, name, provider, sources, now), generation)
    elif merged is not None:
        close_row(connection, merged, generation)
    for source in sources:
        set_booked(connection, source, generation, booked=not overlap)


def _overlap(home: LedgerHome, name: DatasetName, sources: Sequence[sqlite3.Row]) -> bool:
    """Whether two sources state the same thing."""
    keys = ", ".join(map(quoted, STATED_BY[name]))
    with connect() as duck, readable(name.value):
        row = duck.execute(
            f"SELECT 1 FROM ({_ranked(home, sources)}) GROUP BY {keys} HAVING count(DISTINCT _rank) > 1 LIMIT 1"
        ).fetchone()
    return row is not None


def _merge(
    home: LedgerHome, name: DatasetName, provider: str, sources: Sequence[sqlite3.Row], now: datetime
) -> DatasetSnapshot:
    """One file in which each thing is as the best source that states it has it; sources come best first."""
    columns = ", ".join(map(quoted, columns_of(name)))
    keys, order = (", ".join(map(quoted, one[name])) for one in (STATED_BY, RECORD_KEYS))
    try:
        with temporary(home.snapshots / MERGED) as beside:
            with connect() as duck, readable(name.value):
                row = duck.execute(
                    f"COPY (SELECT {columns} FROM ({_ranked(home, sources)}) QUALIFY _rank = min(_rank) OVER"
                    f" (PARTITION BY {keys}) ORDER BY {order})"
                    f" TO {literal(str(beside))} (FORMAT parquet, COMPRESSION zstd)"
                ).fetchone() or (0,)
            file, sha256 = publish_by_content(beside, ".parquet")
    except OSError as error:
        raise unavailable(error, name.value) from error
    return DatasetSnapshot(
        name=name,
        provider=provider,
        source_key=MERGED,
        file=f"snapshots/{file.name}",
        rows=int(str(row[0])),
        sha256=sha256,
        data_as_of=snapshot_of(sources[0]).data_as_of,
        fetched_at=now,
    )


def _ranked(home: LedgerHome, sources: Sequence[sqlite3.Row]) -> str:
    return " UNION ALL BY NAME ".join(
        f"SELECT *, {rank} AS _rank FROM read_parquet({literal(str(home.root / source['file']))})"
        for rank, source in enumerate(sources)
    )
