"""The days that a matrix of series stands for: which of them start a month, which lie between the years."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Days:
    """Days in a row from the first on."""

    first: date

    def at(self, number: int) -> date:
        """The day of that column."""
        return self.first + timedelta(days=number)

    def first_of_month(self, number: int) -> bool:
        """Whether it starts a month, when monthly charges are booked."""
        return self.at(number).day == 1

    def year_end(self, number: int) -> bool:
        """Whether it lies between 20 December and 3 January, when many businesses rest."""
        day = self.at(number)
        return (day.month == 12 and day.day >= 20) or (day.month == 1 and day.day <= 3)  # noqa: PLR2004
