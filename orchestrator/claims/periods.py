"""Which other periods a claim may have meant: the one before or after, the fiscal or calendar twin, year to date."""

from datetime import UTC, datetime, timedelta
from typing import Final

from orchestrator.business.calendar import FiscalCalendar
from shared_models.errors import InvalidPeriodError
from shared_models.period import ChargePeriod, month_start

_MONTH_DAYS: Final = (28, 35)
_QUARTER_DAYS: Final = (84, 98)
_YEAR_DAYS: Final = (357, 371)


def other_periods(period: ChargePeriod, calendar: FiscalCalendar) -> dict[str, ChargePeriod]:
    """Label -> period, without any that is the claimed one itself."""
    found = {"previous period": _moved(period, -1), "next period": _moved(period, 1)}
    for label, shorthand in _twins(period, calendar).items():
        found[f"{label} {shorthand}"] = calendar.period(shorthand)
    last_day = period.end - timedelta(seconds=1)
    fiscal_year = calendar.name_of(last_day.date()).partition("-")[0]
    for label, start in (
        ("calendar year to date", month_start(last_day.year, 1)),
        (f"{fiscal_year} to date", calendar.period(fiscal_year).start),
    ):
        if start < period.end:
            found[label] = ChargePeriod(start=start, end=period.end)
    seen = {(period.start, period.end)}
    kept: dict[str, ChargePeriod] = {}
    for label, other in found.items():
        if (other.start, other.end) not in seen:
            seen.add((other.start, other.end))
            kept[label] = other
    return kept


def _moved(period: ChargePeriod, by: int) -> ChargePeriod:
    """The period before or after, of as many months where it is whole months, else of the same length."""
    months = _whole_months(period)
    if months:
        start = month_start(period.start.year, period.start.month + by * months)
        return ChargePeriod(start=start, end=month_start(start.year, start.month + months))
    length = period.end - period.start
    return ChargePeriod(start=period.start + by * length, end=period.end + by * length)


def _whole_months(period: ChargePeriod) -> int:
    if not (_is_month_start(period.start) and _is_month_start(period.end)):
        return 0
    return (period.end.year - period.start.year) * 12 + period.end.month - period.start.month


def _is_month_start(instant: datetime) -> bool:
    at = instant.astimezone(UTC)
    return at == month_start(at.year, at.month)


def _twins(period: ChargePeriod, calendar: FiscalCalendar) -> dict[str, str]:
    """The fiscal and the calendar period of the same kind around the middle of the claimed one."""
    middle = (period.start + (period.end - period.start) / 2).date()
    try:
        year, _, part = calendar.name_of(middle).partition("-P")
    except InvalidPeriodError:
        return {}
    if _MONTH_DAYS[0] <= period.days <= _MONTH_DAYS[1]:
        return {"fiscal period": f"{year}-P{part}", "calendar month": f"{middle:%Y-%m}"}
    if _QUARTER_DAYS[0] <= period.days <= _QUARTER_DAYS[1]:
        return {
            "fiscal quarter": f"{year}-Q{(int(part) + 2) // 3}",
            "calendar quarter": f"{middle:%Y}-Q{(middle.month + 2) // 3}",
        }
    if _YEAR_DAYS[0] <= period.days <= _YEAR_DAYS[1]:
        # Somebody who says 2027 and reads fiscal figures means FY27, whatever lies in the middle.
        named = f"FY{(period.end - timedelta(seconds=1)).year % 100:02d}"
        return {"fiscal year": named, "calendar year": str((period.end - timedelta(seconds=1)).year)}
    return {}
