"""One pass over the typed rows before anything is written: what each partition and each file of the source holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Final

import duckdb

from servers.kit.exports.providers import file_under_providers, sides_of
from servers.kit.exports.typed import METRICS
from shared_models.export import SourceFormat
from shared_models.quoting import quoted

_PRECISION: Final = 60
_MOST_READS: Final = 2.5
Key = tuple[str, str]
"""(currency, billing period start)."""
Sums = dict[tuple[Key, str], Decimal]
"""Exact sums per ((currency, period), metric)."""


@dataclass(frozen=True)
class Partition:
    """One part to be written, and the source files that hold its rows."""

    provider: str
    billing_account_id: str
    start: datetime
    end: datetime
    apart: bool
    files: tuple[str, ...]
    parties: frozenset[str] | None = None
    """Who sells and who invoices its rows (`parties_of`), where the account is billed by several providers."""


@dataclass(frozen=True)
class Survey:
    """What was found: the partitions in order, the sums of the source and of its rejected rows, and both row counts."""

    partitions: tuple[Partition, ...]
    source: Sums
    rejected_sums: Sums
    files: frozenset[str]
    rows: int
    rejected: int
    scattered: bool
    """Whether most files hold several partitions, so that one partition at a time would read the source many times."""


def survey(
    connection: duckdb.DuckDBPyConnection,
    kinds: Mapping[str, str],
    source_format: SourceFormat,
    *,
    given: str | None,
    native: str | None,
) -> Survey:
    """Survey the relation `prepared`; each row's provider is what it says, else `given`, else `native`."""
    seller, issuer = sides_of(kinds)
    sums = [f"sum({quoted(m)}) AS {quoted(m)}, sum({quoted('_tail_' + m)}) AS {quoted('_tail_' + m)}" for m in METRICS]
    connection.execute(
        f"CREATE TEMP TABLE survey AS SELECT BillingAccountId, BillingPeriodStart, BillingCurrency,"
        f" {seller} AS seller, {issuer} AS issuer, _file, _apart, _reason IS NOT NULL AS rejected,"
        " max(BillingPeriodEnd) AS BillingPeriodEnd, count(*) AS lines,"
        f" {', '.join(sums)} FROM prepared GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
    )
    source, rejected_sums = _sums(connection)
    rows, rejected, reads = _counts(connection)
    return Survey(
        partitions=_partitions(connection, source_format, native, given),
        source=source,
        rejected_sums=rejected_sums,
        files=frozenset(str(row[0]) for row in connection.execute("SELECT DISTINCT _file FROM survey").fetchall()),
        rows=rows,
        rejected=rejected,
        scattered=reads > _MOST_READS * rows,
    )


def _sums(connection: duckdb.DuckDBPyConnection) -> tuple[Sums, Sums]:
    parts = [f"sum({quoted(m)}), sum({quoted('_tail_' + m)})" for m in METRICS]
    found = connection.execute(
        "SELECT COALESCE(BillingCurrency, '?'), COALESCE(strftime(BillingPeriodStart, '%Y-%m-%d'), '?'), rejected,"
        f" {', '.join(parts)} FROM survey GROUP BY 1, 2, 3"
    ).fetchall()
    source: Sums = {}
    rejected: Sums = {}
    with localcontext(prec=_PRECISION):
        for currency, period, is_rejected, *sums in found:
            for number, metric in enumerate(METRICS):
                amount = Decimal(sums[2 * number] or 0) + Decimal(sums[2 * number + 1] or 0)
                key = ((currency, period), metric)
                source[key] = source.get(key, Decimal(0)) + amount
                if is_rejected:
                    rejected[key] = rejected.get(key, Decimal(0)) + amount
    return source, rejected


def _counts(connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int]:
    """Rows in all, rejected rows, and the rows that would be read if each partition read its own files."""
    rows, rejected = connection.execute(
        "SELECT COALESCE(sum(lines), 0), COALESCE(sum(lines) FILTER (rejected), 0) FROM survey"
    ).fetchone() or (0, 0)
    [reads] = connection.execute(
        "SELECT COALESCE(sum(parts * lines), 0) FROM (SELECT _file, sum(lines) AS lines,"
        " count(DISTINCT (BillingAccountId, BillingPeriodStart, _apart)) FILTER (NOT rejected) AS parts FROM survey"
        " GROUP BY 1)"
    ).fetchone() or (0,)
    return int(rows), int(rejected), int(reads)


def _partitions(
    connection: duckdb.DuckDBPyConnection, source_format: SourceFormat, native: str | None, given: str | None
) -> tuple[Partition, ...]:
    file_under_providers(connection, source_format, native, given)
    found = connection.execute(
        "SELECT provider, BillingAccountId, BillingPeriodStart, max(BillingPeriodEnd), _apart,"
        " list_sort(list(DISTINCT _file)), CASE WHEN bool_or(several) THEN list(DISTINCT parties) END"
        " FROM filed GROUP BY 1, 2, 3, 5 ORDER BY 2, 3, 5, 1"
    ).fetchall()
    return tuple(
        Partition(provider, account, start, end, apart, tuple(files), frozenset(parties) if parties else None)
        for provider, account, start, end, apart, files, parties in found
    )
