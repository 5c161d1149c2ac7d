"""What is known of the future and no model can see: price changes, growth, migrations, purchases. A what-if is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

_MONTH_DAYS: Final = 365.25 / 12


class Effect(StrEnum):
    """What a planned change does to the forecast."""

    PERCENT = "percent"
    GROWTH = "percent_per_month"
    MONTHLY = "amount_per_month"
    ONCE = "amount_once"


@dataclass(frozen=True)
class Planned:
    """One change: what it does, how much, on which days. `percent` -20 is a fifth less; amounts are of one currency."""

    name: str
    effect: Effect
    value: float
    start: date
    end: date | None = None

    def on(self, day: date, modelled: float) -> float:
        """What it adds to a day whose cost would else be `modelled`."""
        if self.effect is Effect.ONCE:
            return self.value if day == self.start else 0.0
        if day < self.start or (self.end is not None and day >= self.end):
            return 0.0
        if self.effect is Effect.PERCENT:
            return modelled * self.value / 100
        if self.effect is Effect.GROWTH:
            months = ((day - self.start).days + 1) / _MONTH_DAYS
            return modelled * ((1 + self.value / 100) ** months - 1)
        return self.value / _MONTH_DAYS


def added_by(planned: Sequence[Planned], days: Sequence[date], mean: Sequence[float]) -> list[float]:
    """What all changes together add to each day; each acts on the cost that those before it left."""
    added: list[float] = []
    for day, point in zip(days, mean, strict=True):
        cost = point
        for change in planned:
            cost += change.on(day, cost)
        added.append(cost - point)
    return added
