"""Why did it move: the groups that moved a total, new and vanished ones, and price against quantity.

For a group whose charges have one pricing unit, with P = cost / PricingQuantity in each period:
price effect = (P1 - P0) x Q1 and quantity effect = (Q1 - Q0) x P0; their sum is the change. Computed as exact
decimals with the quantity effect as the remainder, so that both always add up to the change.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum

from sqlglot import exp

from orchestrator.ledger.ledger import Ledger
from orchestrator.query.compile import Plan
from orchestrator.query.sql import any_of, column, sum_where, within

_PLACES = Decimal("1e-12")
_PRECISION = 60


class Status(StrEnum):
    """What happened to a group."""

    NEW = "new"
    VANISHED = "vanished"
    GREW = "grew"
    SHRANK = "shrank"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Quantities:
    """One group in one currency: costs and quantities of both periods, and how many pricing units it has."""

    keys: tuple[str | None, ...]
    currency: str
    before: Decimal
    after: Decimal
    quantity_before: Decimal
    quantity_after: Decimal
    units: int
    unit: str | None
    lines_before: int
    lines_after: int


def status_of(group: Quantities) -> Status:
    """New and vanished go by charges, not by amounts: a free group is not a vanished one."""
    if not group.lines_before:
        return Status.NEW
    if not group.lines_after:
        return Status.VANISHED
    if group.after == group.before:
        return Status.UNCHANGED
    return Status.GREW if group.after > group.before else Status.SHRANK


def price_and_quantity(found: Quantities) -> tuple[Decimal, Decimal] | None:
    """(price effect, quantity effect), or None where a quantity does not make sense for the group."""
    if found.units != 1 or found.quantity_before <= 0 or found.quantity_after <= 0:
        return None
    with localcontext(prec=_PRECISION):
        price_before = found.before / found.quantity_before
        price_after = found.after / found.quantity_after
        price = ((price_after - price_before) * found.quantity_after).quantize(_PLACES)
    return price, found.after - found.before - price


def quantities(ledger: Ledger, plan: Plan) -> list[Quantities]:
    """Costs and pricing quantities of every group, from the line items; `plan` reads line items and compares."""
    question = plan.question
    if question.compare_to is None:
        return []
    now, then = within(question.period), within(question.compare_to)
    metric, quantity, unit = column(question.metric.value), column("PricingQuantity"), column("PricingUnit")
    keys = [exp.alias_(d.expression.copy(), f"k{n}") for n, d in enumerate(plan.dimensions)]
    [relation] = plan.relations
    select = (
        exp.select(
            *keys,
            exp.alias_(column("BillingCurrency"), "currency"),
            exp.alias_(sum_where(metric, then), "before"),
            exp.alias_(sum_where(metric.copy(), now), "after"),
            exp.alias_(sum_where(quantity, then.copy()), "quantity_before"),
            exp.alias_(sum_where(quantity.copy(), now.copy()), "quantity_after"),
            exp.alias_(exp.Count(this=exp.Distinct(expressions=[unit])), "units"),
            exp.alias_(exp.Min(this=unit.copy()), "unit"),
            exp.alias_(sum_where(exp.Literal.number(1), then.copy()), "lines_before"),
            exp.alias_(sum_where(exp.Literal.number(1), now.copy()), "lines_after"),
        )
        .from_(relation)
        .where(any_of([now.copy(), then.copy()]), *[c.copy() for c in plan.conditions])
        .group_by(*[exp.Literal.number(n) for n in range(1, len(keys) + 2)])
    )
    with ledger.cursor() as cursor:
        rows = cursor.execute(select.sql("duckdb")).fetchall()
    width = len(keys)
    return [
        Quantities(
            keys=tuple(row[:width]),
            currency=row[width],
            before=row[width + 1] or Decimal(0),
            after=row[width + 2] or Decimal(0),
            quantity_before=row[width + 3] or Decimal(0),
            quantity_after=row[width + 4] or Decimal(0),
            units=int(row[width + 5]),
            unit=row[width + 6],
            lines_before=int(row[width + 7]),
            lines_after=int(row[width + 8]),
        )
        for row in rows
    ]
