"""One pass over the typed rows before anything is written: what each partition and each file of the source holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Final

import duckdb

from servers.kit.exports.providers import cloud_of, slug_of
from servers.kit.exports.typed import METRICS
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


@dataclass(frozen=True)
class Survey:
    """What was found: the partitions in order, the sums of the source and of its rejected rows, and both row counts."""

    partitions: tuple[Partition, ...]
    source: Sums
    rejected_sums: Sums
    rows: int
    rejected: int
    scattered: bool
    """Whether most files hold several partitions, so that one partition at a time would read the source many times."""


def survey(
    connection: duckdb.DuckDBPyConnection, kinds: Mapping[str, str], *, given: str | None, native: str | None
) -> Survey:
    """Survey the relation `prepared`; the provider is what its rows say, else `given`, else `native`."""
    seller = quoted("ServiceProviderName") if "ServiceProviderName" in kinds else "CAST(NULL AS VARCHAR)"
    sums = [f"sum({quoted(m)}) AS {quoted(m)}, sum({quoted('_tail_' + m)}) AS {quoted('_tail_' + m)}" for m in METRICS]
    connection.execute(
        f"CREATE TEMP TABLE survey AS SELECT BillingAccountId, BillingPeriodStart, BillingCurrency, {seller} AS seller,"
        " _file, _apart, _reason IS NOT NULL AS rejected, max(BillingPeriodEnd) AS BillingPeriodEnd, count(*) AS lines,"
        f" {', '.join(sums)} FROM prepared GROUP BY 1, 2, 3, 4, 5, 6, 7"
    )
    source, rejected_sums = _sums(connection)
    rows, rejected, reads = _counts(connection)
    return Survey(
        partitions=_partitions(connection, _providers(connection, native or given, given)),
        source=source,
        rejected_sums=rejected_sums,
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


def _partitions(connection: duckdb.DuckDBPyConnection, providers: Mapping[str, str]) -> tuple[Partition, ...]:
    found = connection.execute(
        "SELECT BillingAccountId, BillingPeriodStart, max(BillingPeriodEnd), _apart, list_sort(list(DISTINCT _file))"
        " FROM survey WHERE NOT rejected GROUP BY 1, 2, 4 ORDER BY 1, 2, 4"
    ).fetchall()
    return tuple(
        Partition(providers[account], account, start, end, apart, tuple(files))
        for account, start, end, apart, files in found
    )


def _providers(connection: duckdb.DuckDBPyConnection, fallback: str | None, given: str | None) -> dict[str, str]:
    """Billing account -> provider slug: the one known cloud that its rows name, else what was said, else their name."""
    found = connection.execute(
        f"SELECT BillingAccountId, list(DISTINCT {cloud_of('seller')}) FILTER ({cloud_of('seller')} IS NOT NULL),"
        f" arg_max(slug, lines) FROM (SELECT BillingAccountId, seller, {slug_of('seller')} AS slug, sum(lines) AS lines"
        " FROM survey WHERE NOT rejected GROUP BY 1, 2, 3) GROUP BY 1"
    ).fetchall()
    return {
        account: clouds[0] if clouds and len(clouds) == 1 else given or fallback or usual or "unknown"
        for account, clouds, usual in found
    }
