"""What is generated: how many rows, which months, up to when, and from which seed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared_models.period import month_start


@dataclass(frozen=True)
class Plan:
    """One organisation to generate; `until` is exclusive and lies in the open month."""

    rows: int
    months: int
    seed: int
    until: datetime

    @property
    def last_day(self) -> date:
        """The first day without data."""
        return self.until.astimezone(UTC).date()

    @property
    def billing_months(self) -> tuple[date, ...]:
        """First days of the billing periods, the open one last."""
        end = self.until.astimezone(UTC)
        index = end.year * 12 + end.month - 1
        if end == month_start(end.year, end.month):
            index -= 1
        starts = (index - back for back in range(self.months - 1, -1, -1))
        return tuple(date(month // 12, month % 12 + 1, 1) for month in starts)

    def is_closed(self, month: date) -> bool:
        """Whether the billing period has ended."""
        return following(month) <= self.last_day


def following(month: date) -> date:
    """The first day of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
