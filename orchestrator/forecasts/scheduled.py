"""Charges that come by the calendar: what recurs comes again on the same day of each month."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal


def scheduled(month: Mapping[date, Decimal], days: Sequence[date], ends: date | None) -> dict[date, Decimal]:
    """What of a month's recurring charges falls on the coming days; nothing from the day on that its commitment ends.

    A day that a month does not have falls on its last one.
    """
    by_number: dict[int, Decimal] = {}
    for day, amount in month.items():
        by_number[day.day] = by_number.get(day.day, Decimal(0)) + amount
    found: dict[date, Decimal] = {}
    for day in days:
        if ends is not None and day >= ends:
            continue
        amount = by_number.get(day.day, Decimal(0))
        if (day + timedelta(days=1)).day == 1:
            amount += sum((cost for number, cost in by_number.items() if number > day.day), Decimal(0))
        if amount:
            found[day] = amount
    return found


def summed(parts: Sequence[Mapping[date, Decimal]]) -> dict[date, Decimal]:
    """All parts together, by day."""
    found: dict[date, Decimal] = {}
    for part in parts:
        for day, amount in part.items():
            found[day] = found.get(day, Decimal(0)) + amount
    return found
