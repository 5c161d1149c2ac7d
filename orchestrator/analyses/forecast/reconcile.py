"""Forecasts of groups that add up to the total's, to the cent: the one that is known least gives way most."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

CENT: Final = Decimal("0.01")


def cents(amount: float) -> Decimal:
    """An amount of a model in whole cents: no model knows more."""
    return Decimal(repr(amount)).quantize(CENT)


def reconciled(total: Decimal, groups: Sequence[float], widths: Sequence[float]) -> list[Decimal]:
    """The groups' amounts in cents, whose sum is `total` (in cents) exactly.

    What is missing to the total goes to the groups in proportion to the width of their intervals: the one that is
    known least gives way most (weighted least squares with a fixed total).
    """
    gap = float(total) - sum(groups)
    weight = sum(widths)
    moved = [
        amount + gap * (width / weight if weight else 1 / len(groups))
        for amount, width in zip(groups, widths, strict=True)
    ]
    rounded = [cents(amount) for amount in moved]
    order = sorted(range(len(groups)), key=lambda n: (-abs(moved[n]), n))
    left = int((total - sum(rounded, Decimal(0))) / CENT)
    for place in range(abs(left)):
        rounded[order[place % len(order)]] += CENT if left > 0 else -CENT
    return rounded
