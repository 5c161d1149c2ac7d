"""Periods: half-open, UTC, and the shorthand that people use for them."""

import re
from datetime import UTC, date, datetime, timedelta

from pydantic import field_serializer, field_validator, model_validator

from shared_models.base import WireModel
from shared_models.errors import InvalidPeriodError

_MONTH = re.compile(r"^(\d{4})-(\d{2})$")
_QUARTER = re.compile(r"^(\d{4})-?Q([1-4])$", re.IGNORECASE)
_FIRST_YEAR = 1900
_YEAR = re.compile(r"^(\d{4})$")


def utc_now() -> datetime:
    """The one place that reads the clock."""
    return datetime.now(UTC)


def month_start(year: int, month: int) -> datetime:
    """Midnight UTC of the first day; month may run past December (13 is January of the next year).

    Raises:
        InvalidPeriodError: the year is beyond what a date can be.

    """
    try:
        return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)
    except ValueError:
        raise InvalidPeriodError(f"The year {year} is out of range.") from None


def parse_instant(text: str) -> datetime:
    """An ISO date or time as UTC; a time without a zone is UTC.

    Raises:
        InvalidPeriodError: the text is neither.

    """
    try:
        if len(text) == len("YYYY-MM-DD"):
            day = date.fromisoformat(text)
            _require_supported(day.year, text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        _require_supported(int(text[:4]), text)
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidPeriodError(f"{text!r} is not a date.") from None


def _require_supported(year: int, text: str) -> None:
    """Bills are younger than this; and a year of three digits is a slip of the pen."""
    if year < _FIRST_YEAR:
        raise InvalidPeriodError(f"{text!r} lies before {_FIRST_YEAR}.")


def instant_text(instant: datetime) -> str:
    """`2026-10-01` for midnight, else `2026-10-01T05:00:00Z`."""
    instant = instant.astimezone(UTC)
    if (instant.hour, instant.minute, instant.second, instant.microsecond) == (0, 0, 0, 0):
        return f"{instant:%Y-%m-%d}"
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


class ChargePeriod(WireModel):
    """From start (inclusive) to end (exclusive), in UTC."""

    start: datetime
    end: datetime

    @field_validator("start", "end")
    @classmethod
    def _in_utc(cls, instant: datetime) -> datetime:
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)

    @model_validator(mode="after")
    def _forward(self) -> "ChargePeriod":
        if self.end <= self.start:
            raise InvalidPeriodError(
                f"The period is empty or reversed: {instant_text(self.start)} to {instant_text(self.end)}."
            )
        return self

    @field_serializer("start", "end", when_used="json")
    def _as_text(self, instant: datetime) -> str:
        return instant_text(instant)

    @classmethod
    def month(cls, year: int, month: int) -> "ChargePeriod":
        """One calendar month."""
        return cls(start=month_start(year, month), end=month_start(year, month + 1))

    @classmethod
    def parse(cls, text: str) -> "ChargePeriod":
        """`2026`, `2026-10`, `2026-Q3`, `2026-10-05` (one day) or `START/END`.

        Raises:
            InvalidPeriodError: the text is none of these.

        """
        if text[:4].isdecimal():
            _require_supported(int(text[:4]), text)
        if match := _MONTH.match(text):
            year, month = int(match[1]), int(match[2])
            if not 1 <= month <= 12:  # noqa: PLR2004
                raise InvalidPeriodError(f"{text!r} has no such month.")
            return cls.month(year, month)
        if match := _QUARTER.match(text):
            year, quarter = int(match[1]), int(match[2])
            return cls(start=month_start(year, 3 * quarter - 2), end=month_start(year, 3 * quarter + 1))
        if match := _YEAR.match(text):
            return cls(start=month_start(int(match[1]), 1), end=month_start(int(match[1]) + 1, 1))
        if "/" in text:
            start, _, end = text.partition("/")
            return cls(start=parse_instant(start), end=parse_instant(end))
        start = parse_instant(text)
        if start.date() == date.max:
            raise InvalidPeriodError(f"{text!r} has no day after it.")
        return cls(start=start, end=start + timedelta(days=1))

    @property
    def days(self) -> int:
        """Whole days touched."""
        return -((self.start - self.end) // timedelta(days=1))
