"""Periods as callers write them: what is beyond a date is refused in words, never a crash."""

import pytest

from orchestrator.business.calendar import FiscalCalendar
from orchestrator.business.config import CalendarConfig
from shared_models.errors import InvalidPeriodError
from shared_models.period import ChargePeriod, parse_instant

BEYOND = (
    "0000",
    "9999",
    "9999-12",
    "9999-Q4",
    "9999-12-31",
    "0000-Q1",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
)


@pytest.mark.parametrize("text", BEYOND)
def test_a_period_beyond_what_a_date_can_be_is_refused(text: str) -> None:
    with pytest.raises(InvalidPeriodError):
        ChargePeriod.parse(text)


@pytest.mark.parametrize(
    ("year", "calendar"),
    [
        ("FY0000", {"fiscal_year_start_month": 2}),
        ("FY0001-P01", {"fiscal_year_start_month": 2, "pattern": "4-4-5"}),
        ("FY9999", {"time_zone": "America/New_York"}),
    ],
)
def test_a_fiscal_year_beyond_what_a_date_can_be_is_refused(year: str, calendar: dict) -> None:
    with pytest.raises(InvalidPeriodError, match="out of range"):
        FiscalCalendar(CalendarConfig.model_validate(calendar)).period(year)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "0001-01-01", "9999-12-31T23:59:59-14:00"])
def test_an_instant_outside_of_the_calendar_of_bills_is_refused(text: str) -> None:
    with pytest.raises(InvalidPeriodError):
        parse_instant(text)
