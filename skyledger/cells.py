"""One value as a person reads it: money to the cent, long ids with their ends, lists and objects in one line."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, cast

MONEY: Final = frozenset(
    [
        "amount",
        "compare_amount",
        "change",
        "before",
        "after",
        "price_effect",
        "quantity_effect",
        "other_change",
        "monthly_cost",
        "estimated_monthly_savings",
        "converted",
        "effective",
        "billed",
        "invoiced",
        "unexplained",
        "rounding",
        "tax_difference",
        "corrections_not_invoiced",
        "focus_tolerance",
        "source",
        "rejected",
        "residual",
        "ledger",
        "BilledCost",
        "EffectiveCost",
        "ListCost",
        "ContractedCost",
        "gross",
        "credits",
    ]
)
"""Columns of money in one currency; they are shown to the cent."""
_COUNTS: Final = frozenset(["rows", "groups", "line_items", "list_unit_price", "change_percent", "other_groups"])
_HALF_A_CENT: Final = Decimal("0.005")


def cell(value: object, *, money: bool = False) -> str:
    """A value in one line; money is rounded to the cent for reading, the answer itself keeps every digit."""
    match value:
        case None:
            return "-"
        case Mapping():
            pairs = cast("Mapping[str, object]", value).items()
            return ", ".join(f"{name}={cell(item)}" for name, item in pairs)
        case list() | tuple():
            return ", ".join(cell(item) for item in cast("list[object]", value))
        case _:
            text = format(value)
            return _rounded(text) if money else text


def stands_right(name: str, values: list[object]) -> bool:
    """Whether a column holds amounts: by its name, or because all that it has are decimals."""
    if name in _COUNTS or (name in MONEY and all(value is None or _number(value) is not None for value in values)):
        return True
    known = [value for value in values if value is not None]
    return bool(known) and all("." in str(value) and _number(value) is not None for value in known)


def folded(text: str, width: int) -> str:
    """A long id with its two ends, which tell it from others; other text as it is."""
    if len(text) <= width or " " in text:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[head + 1 - width :]}"


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _rounded(text: str) -> str:
    amount = _number(text)
    if amount is None or not amount.is_finite():
        return text
    return text if 0 < abs(amount) < _HALF_A_CENT else f"{amount:,.2f}"
