"""The account of an import: what the source says, what was rejected, what the ledger gets, and that it adds up."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Final

import duckdb

from servers.kit.exports.survey import Sums
from servers.kit.exports.typed import METRICS, SPLIT
from shared_models.export import CostBasis, CurrencyTotals, ExportPart, Rejection, Residual

_PRECISION: Final = 60


def residuals(source: Sums, rejected: Sums, parts: Sequence[ExportPart]) -> tuple[Residual, ...]:
    """Source - rejected - ledger = residual, per (currency, billing period, metric), exactly."""
    ledger: Sums = {}
    with localcontext(prec=_PRECISION):
        for part in parts:
            for total in part.totals:
                for metric, amount in zip(METRICS, _amounts(total), strict=True):
                    key = ((total.currency, f"{part.billing_period_start:%Y-%m-%d}"), metric)
                    ledger[key] = ledger.get(key, Decimal(0)) + amount
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


def amount_of(total: CurrencyTotals, basis: CostBasis) -> Decimal:
    """One of the four sums."""
    return dict(zip(METRICS, _amounts(total), strict=True))[basis.value]


def _amounts(total: CurrencyTotals) -> tuple[Decimal, ...]:
    return total.billed_cost, total.effective_cost, total.list_cost, total.contracted_cost
