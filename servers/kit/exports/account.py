"""The account of an import: what the source says, what was rejected, what the ledger gets, and that it adds up."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Final

import duckdb

from servers.kit.exports.sql import quoted
from servers.kit.exports.typed import METRICS, SPLIT
from shared_models.export import CostBasis, CurrencyTotals, ExportPart, Rejection, Residual

_PRECISION: Final = 60
Key = tuple[str, str]
"""(currency, billing period start)."""


def source_sums(
    connection: duckdb.DuckDBPyConnection, relation: str
) -> tuple[dict[tuple[Key, str], Decimal], dict[tuple[Key, str], Decimal], int, int]:
    """Exact sums of the source and of its rejected rows per ((currency, period), metric), and both row counts."""
    parts = [f"sum({quoted(m)}) AS {quoted(m)}, sum({quoted('_tail_' + m)})" for m in METRICS]
    rows = connection.execute(
        f"SELECT COALESCE(BillingCurrency, '?'), COALESCE(strftime(BillingPeriodStart, '%Y-%m-%d'), '?'),"
        f" _reason IS NOT NULL, count(*), {', '.join(parts)} FROM {relation} GROUP BY 1, 2, 3"
    ).fetchall()
    source: dict[tuple[Key, str], Decimal] = {}
    rejected: dict[tuple[Key, str], Decimal] = {}
    with localcontext(prec=_PRECISION):
        for currency, period, is_rejected, _, *sums in rows:
            for number, metric in enumerate(METRICS):
                amount = Decimal(sums[2 * number] or 0) + Decimal(sums[2 * number + 1] or 0)
                key = ((currency, period), metric)
                source[key] = source.get(key, Decimal(0)) + amount
                if is_rejected:
                    rejected[key] = rejected.get(key, Decimal(0)) + amount
    aside = sum(int(row[3]) for row in rows if row[2])
    return source, rejected, sum(int(row[3]) for row in rows), aside


def residuals(
    source: Mapping[tuple[Key, str], Decimal],
    rejected: Mapping[tuple[Key, str], Decimal],
    parts: Sequence[ExportPart],
) -> tuple[Residual, ...]:
    """Source - rejected - ledger = residual, per (currency, billing period, metric), exactly."""
    ledger: dict[tuple[Key, str], Decimal] = {}
    for part in parts:
        for total in part.totals:
            for metric, amount in zip(METRICS, _amounts(total), strict=True):
                key = ((total.currency, f"{part.billing_period_start:%Y-%m-%d}"), metric)
                ledger[key] = ledger.get(key, Decimal(0)) + amount
    with localcontext(prec=_PRECISION):
        return tuple(
            Residual(
                currency=key[0][0],
                billing_period_start=key[0][1],
                metric=CostBasis(key[1]),
                source=amount,
                rejected=rejected.get(key, Decimal(0)),
                ledger=ledger.get(key, Decimal(0)),
                residual=amount - rejected.get(key, Decimal(0)) - ledger.get(key, Decimal(0)),
            )
            for key, amount in sorted(source.items())
        )


def rejections(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[Rejection, ...]:
    """Rows set aside, by reason, with where the first of them stands."""
    rows = connection.execute(
        f"SELECT _reason, count(*), min_by(_file, _row), min(_row), min_by(_column, _row), min_by(_value, _row)"
        f" FROM {relation} WHERE _reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return tuple(
        Rejection(
            reason=reason,
            rows=int(count),
            file=str(file),
            row=int(row),
            column=column,
            example=str(value)[:80] if value is not None else "",
            expected=reason == SPLIT,
        )
        for reason, count, file, row, column, value in rows
    )


def totals_of(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[CurrencyTotals, ...]:
    """Row count and the four sums of each currency."""
    sums = ", ".join(f"COALESCE(sum({quoted(metric)}), 0)" for metric in METRICS)
    rows = connection.execute(
        f"SELECT BillingCurrency, count(*), {sums} FROM {relation} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return tuple(
        CurrencyTotals(
            currency=currency,
            rows=int(count),
            billed_cost=Decimal(billed),
            effective_cost=Decimal(effective),
            list_cost=Decimal(list_cost),
            contracted_cost=Decimal(contracted),
        )
        for currency, count, billed, effective, list_cost, contracted in rows
    )


def amount_of(total: CurrencyTotals, basis: CostBasis) -> Decimal:
    """One of the four sums."""
    return dict(zip(METRICS, _amounts(total), strict=True))[basis.value]


def _amounts(total: CurrencyTotals) -> tuple[Decimal, ...]:
    return total.billed_cost, total.effective_cost, total.list_cost, total.contracted_cost
