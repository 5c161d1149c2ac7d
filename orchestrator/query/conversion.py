"""What a conversion rests on: the billed amounts and the rates of each currency; a charge without a rate is refused."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import duckdb

from orchestrator.query.answer import ConvertedFrom
from orchestrator.query.compile import compile_originals
from orchestrator.query.plan import Plan
from orchestrator.query.rates import Rates
from shared_models.errors import InvalidArgumentError
from shared_models.untrusted import safe_text

_LISTED: Final = 13
"""So many rates of a currency are listed: a year of months, begun in the middle of one."""
_Row = tuple[str, datetime, bool, Decimal | None, Decimal | None]


def converted_from(cursor: duckdb.DuckDBPyConnection, plan: Plan) -> tuple[ConvertedFrom, ...] | None:
    """Each billing currency with its amount before and after, and the rates valid in the period; None unconverted.

    Raises:
        InvalidArgumentError: charges of some months have no rate in the table, and would vanish from the total.

    """
    statement = compile_originals(plan)
    if statement is None or plan.rates is None:
        return None
    rows: list[_Row] = sorted(cursor.execute(statement.sql("duckdb")).fetchall())
    _require_rates(plan.rates, rows)
    return tuple(_converted(plan, plan.rates, currency, rows) for currency in dict.fromkeys(row[0] for row in rows))


def _require_rates(rates: Rates, rows: Sequence[_Row]) -> None:
    missing: dict[str, list[str]] = {}
    for currency, month, unrated, *_ in rows:
        if unrated:
            missing.setdefault(currency, []).append(f"{month:%Y-%m}")
    if missing:
        lacks = "; ".join(f"{safe_text(name)} {', '.join(months)}" for name, months in missing.items())
        begins = [
            f"its rates for {name} begin {min(rates.steps[name])[0]:%Y-%m-%d}"
            if name in rates.steps
            else f"it has no pair {safe_text(name)}/{rates.target}"
            for name in missing
        ]
        raise InvalidArgumentError(
            "rates",
            f"The rate table {rates.table!r} has no rate into {rates.target} for charges of: {lacks}.",
            hint="; ".join([*begins, "add a rate from the first of these months on, or ask without a conversion."]),
        )


def _converted(plan: Plan, rates: Rates, currency: str, rows: Sequence[_Row]) -> ConvertedFrom:
    own = [row for row in rows if row[0] == currency]
    steps = rates.within(currency, plan.question.period)
    return ConvertedFrom(
        currency=currency,
        amount=sum((row[3] or Decimal(0) for row in own), Decimal(0)),
        converted=sum((row[4] or Decimal(0) for row in own), Decimal(0)),
        pair=rates.pairs.get(currency, currency),
        rates={f"{start:%Y-%m-%d}": rate for start, rate in steps[:_LISTED]},
        more_rates=max(0, len(steps) - _LISTED),
    )
