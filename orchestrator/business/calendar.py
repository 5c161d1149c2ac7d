"""The fiscal calendar: FY27, FY27-Q1, FY27-P05 as half-open periods. A fiscal year is named by the year it ends in."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestrator.business.config import CalendarConfig
from shared_models.errors import InvalidPeriodError
from shared_models.period import ChargePeriod

_FISCAL: Final = re.compile(r"^FY(\d{2}|\d{4})(?:-?(?:P(\d{1,2})|Q([1-4])))?$", re.IGNORECASE)
_PERIODS: Final = 12
_WEEKS: Final = {"4-4-5": (4, 4, 5), "4-5-4": (4, 5, 4), "5-4-4": (5, 4, 4)}


class FiscalCalendar:
    """Turns the shorthand of finance into periods."""

    def __init__(self, config: CalendarConfig) -> None:
        self.config = config
        try:
            self._zone = ZoneInfo(config.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise InvalidPeriodError(
                f"The calendar's time zone {config.time_zone!r} is not known.", hint="Use a name such as Europe/Berlin."
            ) from error

    def period(self, text: str) -> ChargePeriod:
        """`FY27`, `FY27-Q1`, `FY27-P05`, or what `ChargePeriod.parse` reads.

        Raises:
            InvalidPeriodError: it is none of these.

        """
        match = _FISCAL.match(text.strip())
        if not match:
            return ChargePeriod.parse(text.strip())
        year = int(match[1]) + (2000 if len(match[1]) == len("27") else 0)
        first, last = self._range(match[2], match[3], text)
        try:
            starts = self._starts(year)
            return ChargePeriod(start=self._instant(starts[first - 1]), end=self._instant(starts[last]))
        except (ValueError, OverflowError):
            raise InvalidPeriodError(f"The fiscal year {year} is out of range.") from None

    def name_of(self, day: date) -> str:
        """The fiscal period that a day falls in: `FY27-P05`."""
        for year in (day.year - 1, day.year, day.year + 1, day.year + 2):
            starts = self._starts(year)
            for number in range(_PERIODS):
                if starts[number] <= day < starts[number + 1]:
                    return f"FY{year % 100:02d}-P{number + 1:02d}"
        raise InvalidPeriodError(f"{day} lies in no fiscal period.")

    @staticmethod
    def _range(period: str | None, quarter: str | None, text: str) -> tuple[int, int]:
        if period:
            number = int(period)
            if not 1 <= number <= _PERIODS:
                raise InvalidPeriodError(f"{text!r}: a fiscal year has periods P01 to P12.")
            return number, number
        if quarter:
            return 3 * int(quarter) - 2, 3 * int(quarter)
        return 1, _PERIODS

    def _starts(self, year: int) -> list[date]:
        """The first days of the twelve periods of a fiscal year, and the day after its last."""
        month = self.config.fiscal_year_start_month
        if self.config.pattern == "months":
            begin = year if month == 1 else year - 1
            return [date(begin + (month - 1 + n) // 12, (month - 1 + n) % 12 + 1, 1) for n in range(_PERIODS + 1)]
        first, following = self._week_year_start(year), self._week_year_start(year + 1)
        starts = [first]
        for number in range(_PERIODS):
            starts.append(starts[-1] + timedelta(weeks=_WEEKS[self.config.pattern][number % 3]))
        starts[-1] = following  # a 53-week year gives its last period the extra week
        return starts

    def _week_year_start(self, year: int) -> date:
        """The Sunday nearest to the anchor day, so that the years follow each other without gaps."""
        month = self.config.fiscal_year_start_month
        anchor = date(year if month == 1 else year - 1, month, self.config.fiscal_year_start_day or 1)
        from_sunday = (anchor.weekday() + 1) % 7
        return anchor - timedelta(days=from_sunday) if from_sunday <= 3 else anchor + timedelta(days=7 - from_sunday)  # noqa: PLR2004

    def _instant(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self._zone).astimezone(UTC)
