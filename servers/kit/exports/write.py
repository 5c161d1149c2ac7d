"""Write the parts: one sorted, immutable, content-addressed Parquet file per (provider, account, period)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb

from servers.kit.exports.providers import parties_of, sides_of
from servers.kit.exports.survey import Partition
from servers.kit.exports.typed import METRICS
from serving.files import publish_by_content, temporary
from shared_models.coverage import DatedBy
from shared_models.disk import unavailable
from shared_models.export import CostBasis, CurrencyTotals, ExportPart, SourceFormat
from shared_models.focus.own_columns import FACT_COLUMNS, FACT_ORDER
from shared_models.quoting import literal, quoted

_FORMAT: Final = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880"
_MADE_HERE: Final = frozenset({"x_ProForma", "x_SourceRow"})
"""Columns of our own that vary by row, whatever the source has."""


@dataclass(frozen=True)
class Origin:
    """Where the rows of all parts of one export came from; `apart` is the format of rows that make their own parts."""

    source_format: SourceFormat
    source_key: str
    fingerprint: str
    bases: tuple[CostBasis, ...]
    made_at: datetime
    dated_by: DatedBy
    apart: tuple[SourceFormat, tuple[CostBasis, ...]] | None = None

    def of(self, partition: Partition) -> "Origin":
        """The origin of one part's rows."""
        if not partition.apart or self.apart is None:
            return self
        return replace(self, source_format=self.apart[0], bases=self.apart[1])


@dataclass(frozen=True)
class PartWriter:
    """Writes the partitions of one converted source.

    `kinds` are the columns that the source has; `one_to_one` says that each of its rows becomes at most one charge.
    """

    connection: duckdb.DuckDBPyConnection
    relation: str
    kinds: Mapping[str, str]
    one_to_one: bool
    origin: Origin
    out: Path

    def write(self, partition: Partition) -> ExportPart:
        """Write one partition's rows, sorted; the file's name is its content.

        Raises:
            LedgerUnavailableError: the disk refused.

        """
        try:
            with temporary(self.out / "part") as beside:
                self.connection.execute(f"COPY ({self._rows(partition)}) TO {literal(str(beside))} ({_FORMAT})")
                file, digest = publish_by_content(beside, ".parquet")
            size = file.stat().st_size
        except OSError as error:
            raise unavailable(error, self.out.name) from error
        return _described(self.connection, file, partition, self.origin.of(partition), digest, size)

    def _rows(self, partition: Partition) -> str:
        """The sorted rows. What is the same in all of them is added after the sort, which then moves less."""
        constant = {
            name: f"CAST(NULL AS {kind})"
            for name, kind in FACT_COLUMNS.items()
            if name not in self.kinds and name not in _MADE_HERE
        } | {
            "x_Provider": literal(partition.provider),
            "x_SourceFormat": literal(self.origin.of(partition).source_format.value),
            "BillingAccountId": literal(partition.billing_account_id),
            "BillingPeriodStart": f"TIMESTAMP {literal(str(partition.start))}",
        }
        carried = ", ".join(quoted(name) for name in FACT_COLUMNS if name not in constant)
        columns = ", ".join(
            f"{constant[name]} AS {quoted(name)}" if name in constant else quoted(name) for name in FACT_COLUMNS
        )
        files = ", ".join(map(literal, partition.files))
        told = ", ".join(map(literal, sorted(partition.parties or ())))
        own = f" AND {parties_of(*sides_of(self.kinds))} IN ({told})" if told else ""
        order = [*FACT_ORDER, "_row", *(["_file"] if len(partition.files) > 1 else [])]
        if not self.one_to_one:
            order += ["BilledCost", "EffectiveCost"]
        return (
            f"SELECT {columns} FROM (SELECT {carried} FROM {self.relation} WHERE _file IN ({files})"
            f" AND _reason IS NULL AND _apart = {str(partition.apart).lower()}"
            f" AND BillingAccountId = {constant['BillingAccountId']}"
            f" AND BillingPeriodStart = {constant['BillingPeriodStart']}"
            f"{own} ORDER BY {', '.join(map(quoted, order))})"
        )


def _described(
    connection: duckdb.DuckDBPyConnection, file: Path, partition: Partition, origin: Origin, digest: str, size: int
) -> ExportPart:
    """What the written file holds, read back in one scan."""
    sums = ", ".join(f"COALESCE(sum({quoted(metric)}), 0)" for metric in METRICS)
    nulls = ", ".join(f"count(*) - count({quoted(metric)})" for metric in METRICS)
    found = connection.execute(
        f"SELECT BillingCurrency, count(*), {sums}, {nulls}, min(ChargePeriodStart), max(ChargePeriodEnd),"
        " list(DISTINCT SubAccountId) FILTER (SubAccountId IS NOT NULL), count_if(x_ProForma),"
        " count_if(SubAccountId IS NULL)"
        f" FROM read_parquet({literal(str(file))}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    rows = sum(int(row[1]) for row in found)
    # A null is not zero: a metric is known where every row has it.
    known = {basis for n, basis in enumerate(CostBasis) if not any(row[6 + n] for row in found)}
    return ExportPart(
        provider=partition.provider,
        billing_account_id=partition.billing_account_id,
        billing_period_start=partition.start.replace(tzinfo=UTC),
        billing_period_end=partition.end.replace(tzinfo=UTC),
        source_format=origin.source_format,
        source_key=origin.source_key,
        fingerprint=origin.fingerprint,
        bases=tuple(basis for basis in origin.bases if basis in known),
        pro_forma=2 * sum(int(row[13]) for row in found) > rows,
        path=str(file),
        rows=rows,
        size_bytes=size,
        sha256=digest,
        totals=tuple(_totals(row) for row in found),
        sub_account_ids=tuple(sorted({account for row in found for account in row[12] or ()})),
        account_rows=sum(int(row[14]) for row in found),
        charge_period_min=min(row[10] for row in found).replace(tzinfo=UTC),
        charge_period_max=max(row[11] for row in found).replace(tzinfo=UTC),
        data_as_of=origin.made_at,
        dated_by=origin.dated_by,
    )


def _totals(row: Sequence[Any]) -> CurrencyTotals:
    return CurrencyTotals(
        currency=row[0],
        rows=int(row[1]),
        billed_cost=Decimal(row[2]),
        effective_cost=Decimal(row[3]),
        list_cost=Decimal(row[4]),
        contracted_cost=Decimal(row[5]),
    )
