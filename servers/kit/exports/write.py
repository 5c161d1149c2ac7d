"""Write the parts: one sorted, immutable, content-addressed Parquet file per (provider, account, period)."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

from servers.kit.exports.account import totals_of
from servers.kit.exports.sql import literal, quoted
from serving.files import discard, publish
from shared_models.disk import unavailable
from shared_models.export import CostBasis, ExportPart, SourceFormat
from shared_models.focus.own_columns import FACT_COLUMNS, FACT_ORDER

_FORMAT: Final = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Origin:
    """Where the rows of all parts of one export came from."""

    source_format: SourceFormat
    source_key: str
    fingerprint: str
    bases: tuple[CostBasis, ...]
    made_at: datetime


@dataclass(frozen=True)
class Partition:
    """One part to be written."""

    provider: str
    billing_account_id: str
    start: datetime
    end: datetime


def partitions_of(connection: duckdb.DuckDBPyConnection, relation: str, providers: dict[str, str]) -> list[Partition]:
    """The (provider, billing account, billing period) partitions of the kept rows, in order."""
    rows = connection.execute(
        f"SELECT BillingAccountId, BillingPeriodStart, max(BillingPeriodEnd) FROM {relation} WHERE _reason IS NULL"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    return [Partition(providers[account], account, start, end) for account, start, end in rows]


def write_part(
    connection: duckdb.DuckDBPyConnection, relation: str, partition: Partition, origin: Origin, out: Path
) -> ExportPart:
    """Write one partition's rows, sorted; the file's name is its content.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    columns = ", ".join(
        f"{literal(partition.provider)} AS {quoted(name)}" if name == "x_Provider" else quoted(name)
        for name in FACT_COLUMNS
    )
    order = ", ".join([*map(quoted, FACT_ORDER), "_row", "_file", "BilledCost", "EffectiveCost"])
    where = (
        f"_reason IS NULL AND BillingAccountId = {literal(partition.billing_account_id)}"
        f" AND BillingPeriodStart = TIMESTAMP {literal(str(partition.start))}"
    )
    temporary = out / f".{uuid.uuid4().hex}.tmp"
    try:
        connection.execute(
            f"COPY (SELECT {columns} FROM {relation} WHERE {where} ORDER BY {order})"
            f" TO {literal(str(temporary))} ({_FORMAT})"
        )
        digest = _hash(temporary)
        final = out / f"{digest}.parquet"
        size = temporary.stat().st_size
        publish(temporary, final)
    except OSError as error:
        raise unavailable(error, out.name) from error
    finally:
        discard(temporary)
    return _described(connection, final, partition, origin, digest, size)


def _described(
    connection: duckdb.DuckDBPyConnection, file: Path, partition: Partition, origin: Origin, digest: str, size: int
) -> ExportPart:
    written = f"read_parquet({literal(str(file))})"
    found = connection.execute(
        "SELECT count(*), min(ChargePeriodStart), max(ChargePeriodEnd), list_sort(list(DISTINCT SubAccountId)"
        f" FILTER (SubAccountId IS NOT NULL)), count_if(x_ProForma) * 2 > count(*) FROM {written}"
    ).fetchone()
    rows, first, last, accounts, pro_forma = found or (0, partition.start, partition.end, [], False)
    return ExportPart(
        provider=partition.provider,
        billing_account_id=partition.billing_account_id,
        billing_period_start=partition.start.replace(tzinfo=UTC),
        billing_period_end=partition.end.replace(tzinfo=UTC),
        source_format=origin.source_format,
        source_key=origin.source_key,
        fingerprint=origin.fingerprint,
        bases=_known_bases(connection, written, origin.bases),
        pro_forma=bool(pro_forma),
        path=str(file),
        rows=int(rows),
        size_bytes=size,
        sha256=digest,
        totals=totals_of(connection, written),
        sub_account_ids=tuple(accounts or ()),
        charge_period_min=first.replace(tzinfo=UTC),
        charge_period_max=last.replace(tzinfo=UTC),
        data_as_of=origin.made_at,
    )


def _known_bases(
    connection: duckdb.DuckDBPyConnection, written: str, bases: Sequence[CostBasis]
) -> tuple[CostBasis, ...]:
    """The metrics that have a value in every row: a null is not zero."""
    counts = ", ".join(f"count(*) = count({quoted(basis.value)})" for basis in bases)
    row = connection.execute(f"SELECT {counts} FROM {written}").fetchone() or ()
    return tuple(basis for basis, known in zip(bases, row, strict=True) if known)


def _hash(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while block := handle.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
