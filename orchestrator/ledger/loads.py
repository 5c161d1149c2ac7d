"""Loads in the catalogue: write them with their totals, book the sources of record, read a snapshot."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from orchestrator.ledger.catalog import stamp, unstamp
from shared_models.coverage import DatedBy
from shared_models.export import CostBasis, CurrencyTotals, ExportPart, SourceFormat
from shared_models.source_of_record import Candidate, Told, completing_sources, of_record, told_under_other_sellers

Partition = tuple[str, str, str]
"""(provider, billing account, stamp of the billing period's start)."""

IMPORT: Final = "import"
"""The reason of a generation that an owner's own import made."""


@dataclass(frozen=True)
class Load:
    """One load as a snapshot sees it."""

    load_id: int
    provider: str
    billing_account_id: str
    billing_period_start: datetime
    billing_period_end: datetime
    source_format: SourceFormat
    source_key: str
    fingerprint: str
    bases: frozenset[CostBasis]
    pro_forma: bool
    file: str
    rows: int
    size_bytes: int
    sha256: str
    currencies: tuple[str, ...]
    sub_account_ids: tuple[str, ...]
    charge_period_min: datetime
    charge_period_max: datetime
    data_as_of: datetime | None
    dated_by: DatedBy | None
    loaded_at: datetime
    booked: bool
    account_rows: int
    """How many of its charges are the billing account's own: tax, support."""

    @property
    def partition(self) -> tuple[str, str, datetime]:
        """(provider, billing account, start of the billing period): within it one bill counts once."""
        return self.provider, self.billing_account_id, self.billing_period_start

    def cube_path(self, cubes: Path) -> Path:
        """The cube file made from this load's facts."""
        return cubes / f"{self.sha256}.duckdb"


def insert_load(connection: sqlite3.Connection, part: ExportPart, file: str, generation: int, now: datetime) -> int:
    """Record one verified part; the former load of the same source in the same partition ends here.

    Returns the new load's id, or the id of the identical load that is there already.
    """
    same = connection.execute(
        "SELECT id, sha256 FROM load WHERE provider = ? AND billing_account_id = ? AND billing_period_start = ?"
        " AND source_key = ? AND source_format = ? AND to_generation IS NULL",
        [
            part.provider,
            part.billing_account_id,
            stamp(part.billing_period_start),
            part.source_key,
            part.source_format.value,
        ],
    ).fetchone()
    if same is not None:
        if same["sha256"] == part.sha256:
            return int(same["id"])
        connection.execute("UPDATE load SET to_generation = ? WHERE id = ?", [generation, same["id"]])
    cursor = connection.execute(
        "INSERT INTO load (provider, billing_account_id, billing_period_start, billing_period_end, source_format,"
        " source_key, fingerprint, bases, pro_forma, file, rows, size_bytes, sha256, sub_account_ids,"
        " charge_period_min, charge_period_max, data_as_of, dated_by, loaded_at, from_generation, account_rows)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            part.provider,
            part.billing_account_id,
            stamp(part.billing_period_start),
            stamp(part.billing_period_end),
            part.source_format.value,
            part.source_key,
            part.fingerprint,
            json.dumps([basis.value for basis in part.bases]),
            int(part.pro_forma),
            file,
            part.rows,
            part.size_bytes,
            part.sha256,
            json.dumps(part.sub_account_ids),
            stamp(part.charge_period_min),
            stamp(part.charge_period_max),
            stamp(part.data_as_of) if part.data_as_of else None,
            part.dated_by,
            stamp(now),
            generation,
            part.account_rows,
        ],
    )
    load_id = int(cursor.lastrowid or 0)
    connection.executemany(
        "INSERT INTO load_total VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            [load_id, t.currency, t.rows, *map(str, (t.billed_cost, t.effective_cost, t.list_cost, t.contracted_cost))]
            for t in part.totals
        ],
    )
    return load_id


def rebook(connection: sqlite3.Connection, partitions: Iterable[Partition], generation: int) -> None:
    """Decide anew which loads count of the bills that these partitions belong to, and record what changed."""
    for account, period in sorted({(account, period) for _, account, period in partitions}):
        live = connection.execute(
            "SELECT * FROM load WHERE billing_account_id = ? AND billing_period_start = ? AND to_generation IS NULL",
            [account, period],
        ).fetchall()
        counting = _counting(connection, account, live)
        booked = {
            int(row["load_id"])
            for row in connection.execute(
                "SELECT load_id FROM booking JOIN load ON load.id = load_id WHERE billing_account_id = ?"
                " AND billing_period_start = ? AND booking.to_generation IS NULL",
                [account, period],
            )
        }
        for load_id in booked - counting:
            connection.execute(
                "UPDATE booking SET to_generation = ? WHERE load_id = ? AND to_generation IS NULL",
                [generation, load_id],
            )
        for load_id in counting - booked:
            connection.execute("INSERT INTO booking (load_id, from_generation) VALUES (?, ?)", [load_id, generation])


def _counting(connection: sqlite3.Connection, account: str, live: Sequence[sqlite3.Row]) -> frozenset[int]:
    """The loads that count of one billing account and period, over all its providers."""
    by_provider: dict[str, list[Candidate]] = {}
    for row in live:
        by_provider.setdefault(row["provider"], []).append(_candidate(row))
    counting: set[int] = set()
    for provider, candidates in by_provider.items():
        preferred = connection.execute(
            "SELECT source_key FROM preference WHERE provider = ? AND billing_account_id = ?", [provider, account]
        ).fetchone()
        counting |= of_record(candidates, preferred["source_key"] if preferred else None)
    if len(by_provider) == 1:
        return frozenset(counting)
    told = [Told(_candidate(row), row["provider"], _amounts(connection, int(row["id"]))) for row in live]
    return frozenset(counting) - told_under_other_sellers(told, frozenset(counting))


def _amounts(connection: sqlite3.Connection, load_id: int) -> dict[str, tuple[Decimal, ...]]:
    return {t.currency: (t.billed_cost, t.effective_cost) for t in totals_of(connection, load_id)}


def loads_at(connection: sqlite3.Connection, generation: int) -> tuple[Load, ...]:
    """Every load that was current in a generation, with whether it counts; in a stable order."""
    rows = connection.execute(
        "SELECT load.*, EXISTS (SELECT 1 FROM booking WHERE load_id = load.id AND booking.from_generation <= :g"
        " AND (booking.to_generation IS NULL OR booking.to_generation > :g)) AS booked,"
        " (SELECT group_concat(currency) FROM load_total WHERE load_id = load.id) AS currencies FROM load"
        " WHERE load.from_generation <= :g AND (load.to_generation IS NULL OR load.to_generation > :g)"
        " ORDER BY provider, billing_account_id, billing_period_start, load.id",
        {"g": generation},
    ).fetchall()
    loads = tuple(_load(row) for row in rows)
    partitions: dict[tuple[str, str, datetime], list[Candidate]] = {}
    for load, row in zip(loads, rows, strict=True):
        partitions.setdefault(load.partition, []).append(_candidate(row))
    return tuple(_completed(load, row, partitions[load.partition]) for load, row in zip(loads, rows, strict=True))


def _completed(load: Load, row: sqlite3.Row, partition: Sequence[Candidate]) -> Load:
    """An amortised load knows BilledCost where the purchases that it lacks count beside it."""
    if not completing_sources(_candidate(row), partition):
        return load
    return replace(load, bases=load.bases | {CostBasis.BILLED})


def end_replaced(
    connection: sqlite3.Connection, parts: Sequence[ExportPart], generation: int | None, *, reason: str
) -> set[Partition]:
    """End what a source said of a restated month and says no more; returns the partitions that lose it.

    An imported path is one source, whoever sells what it holds. What a cloud's server syncs is that cloud's own: two
    servers on two machines may call different exports alike. Without a generation nothing is ended, only found.
    """
    announced: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
    for part in parts:
        known = announced.setdefault((part.source_key, stamp(part.billing_period_start)), set())
        known.add((part.provider, part.billing_account_id, part.source_format.value))
    ended: set[Partition] = set()
    for (source_key, period), known in announced.items():
        live = connection.execute(
            "SELECT load.id, provider, billing_account_id, source_format, reason FROM load"
            " JOIN generation ON generation.id = from_generation"
            " WHERE source_key = ? AND billing_period_start = ? AND to_generation IS NULL",
            [source_key, period],
        ).fetchall()
        providers = {provider for provider, _, _ in known}
        for row in live:
            same = row["provider"] in providers or reason == row["reason"] == IMPORT
            if same and (row["provider"], row["billing_account_id"], row["source_format"]) not in known:
                ended.add((row["provider"], row["billing_account_id"], period))
                if generation is not None:
                    connection.execute("UPDATE load SET to_generation = ? WHERE id = ?", [generation, row["id"]])
    return ended


def totals_of(connection: sqlite3.Connection, load_id: int) -> tuple[CurrencyTotals, ...]:
    """The control totals that a load arrived with."""
    rows = connection.execute(
        "SELECT currency, rows, billed_cost, effective_cost, list_cost, contracted_cost FROM load_total"
        " WHERE load_id = ? ORDER BY currency",
        [load_id],
    ).fetchall()
    return tuple(CurrencyTotals.model_validate(dict(row)) for row in rows)


def _candidate(row: sqlite3.Row) -> Candidate:
    return Candidate(
        load_id=int(row["id"]),
        source_format=SourceFormat(row["source_format"]),
        source_key=row["source_key"],
        pro_forma=bool(row["pro_forma"]),
        sub_account_ids=frozenset(json.loads(row["sub_account_ids"])),
        charges=(unstamp(row["charge_period_min"]), unstamp(row["charge_period_max"])),
        account_charges=bool(row["account_rows"]),
    )


def _load(row: sqlite3.Row) -> Load:
    return Load(
        load_id=int(row["id"]),
        provider=row["provider"],
        billing_account_id=row["billing_account_id"],
        billing_period_start=unstamp(row["billing_period_start"]),
        billing_period_end=unstamp(row["billing_period_end"]),
        source_format=SourceFormat(row["source_format"]),
        source_key=row["source_key"],
        fingerprint=row["fingerprint"],
        bases=frozenset(CostBasis(basis) for basis in json.loads(row["bases"])),
        pro_forma=bool(row["pro_forma"]),
        file=row["file"],
        rows=int(row["rows"]),
        size_bytes=int(row["size_bytes"]),
        sha256=row["sha256"],
        currencies=tuple(sorted((row["currencies"] or "").split(","))),
        sub_account_ids=tuple(json.loads(row["sub_account_ids"])),
        charge_period_min=unstamp(row["charge_period_min"]),
        charge_period_max=unstamp(row["charge_period_max"]),
        data_as_of=unstamp(row["data_as_of"]) if row["data_as_of"] else None,
        dated_by=DatedBy(row["dated_by"]) if row["dated_by"] else None,
        loaded_at=unstamp(row["loaded_at"]).astimezone(UTC),
        booked=bool(row["booked"]),
        account_rows=int(row["account_rows"]),
    )
