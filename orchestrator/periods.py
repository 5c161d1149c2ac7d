"""Periods as a tool's caller gives them: start and end, or one shorthand that the calendar knows."""

from orchestrator.business.calendar import FiscalCalendar
from shared_models.errors import InvalidPeriodError
from shared_models.period import ChargePeriod, parse_instant


def resolve_period(calendar: FiscalCalendar, start: str | None, end: str | None, period: str | None) -> ChargePeriod:
    """The period that was asked for.

    Raises:
        InvalidPeriodError: none, both ways at once, reversed, or not understood.

    """
    if period is not None:
        if start is not None or end is not None:
            raise InvalidPeriodError("Give either period, or start and end.")
        return calendar.period(period)
    if start is None:
        raise InvalidPeriodError("A period is needed.", hint="For example period=2026-10, or start and end.")
    if end is None:
        return calendar.period(start)
    return ChargePeriod(start=parse_instant(start), end=parse_instant(end))
