"""How long figures of a period may be kept, and the bucket in which a day lies: the same for every cloud's API."""

from datetime import datetime, timedelta
from typing import Final

from shared_models.period import ChargePeriod, month_start
from shared_models.query import Granularity

_OPEN: Final = timedelta(hours=6)
_SETTLING: Final = timedelta(hours=24)
_CLOSED: Final = timedelta(days=7)
_SETTLES_ON: Final = 10


def fresh_for(period: ChargePeriod, now: datetime) -> timedelta:
    """How long figures of a period may be kept: hours while its month is open, a day until it settled, then a week."""
    this_month = month_start(now.year, now.month)
    if period.end > this_month:
        return _OPEN
    last_month = month_start(now.year, now.month - 1)
    return _SETTLING if period.end > last_month and now.day < _SETTLES_ON else _CLOSED


def bucket_of(day: datetime, granularity: Granularity) -> str | None:
    """The first day of the bucket in which a day lies."""
    match granularity:
        case Granularity.TOTAL:
            return None
        case Granularity.DAY:
            start = day
        case Granularity.WEEK:
            start = day - timedelta(days=day.weekday())
        case Granularity.MONTH:
            start = month_start(day.year, day.month)
        case Granularity.QUARTER:
            start = month_start(day.year, 3 * ((day.month - 1) // 3) + 1)
        case Granularity.YEAR:
            start = month_start(day.year, 1)
    return f"{start:%Y-%m-%d}"
