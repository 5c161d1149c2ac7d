"""What a model says of the future of one series, and how well the same model did on this series' past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LEVELS: Final = (80, 95)
"""The interval levels that are worked out, in percent."""


class Cadence(StrEnum):
    """How far apart the points of a series lie."""

    DAY = "day"
    MONTH = "month"

    @property
    def season(self) -> int:
        """After how many points the pattern comes again: the weekdays, the months of a year."""
        return 7 if self is Cadence.DAY else 12


@dataclass(frozen=True)
class Band:
    """An interval around each point."""

    lower: tuple[float, ...]
    upper: tuple[float, ...]


@dataclass(frozen=True)
class Projection:
    """The coming points of one series: their mean, and an interval for each level."""

    mean: tuple[float, ...]
    bands: Mapping[int, Band]
    models: tuple[str, ...]


@dataclass(frozen=True)
class Span:
    """Neighbouring coming points whose sum is asked for, as positions from the first one: [first, after)."""

    first: int
    after: int

    def total(self, points: Sequence[float]) -> float:
        """The sum of these points."""
        return sum(points[self.first : self.after])


@dataclass(frozen=True)
class Backtest:
    """How the models did on held-out stretches of this very series.

    `mase` is the mean absolute error over that of the seasonal naive forecast (below 1 is better than repeating the
    last season), `bias` the mean of (forecast - actual) / actual of the stretches' sums, `total_error` the mean of its
    size, `coverage` the share of held-out points inside the band of each level. None where nothing could be held out.
    """

    origins: int
    points: int
    mase: float | None
    bias: float | None
    total_error: float | None
    coverage: Mapping[int, float]
