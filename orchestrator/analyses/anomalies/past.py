"""What a series did before: the measure of what counts as news on it."""

from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrator.analyses.anomalies.outlook import History

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Signs = npt.NDArray[np.int8]

_REMEMBERED: Final = 120
_THREE: Final = 3
THREE_FROM: Final = 100
_THREE_DAYS: Final = (6.0, 1.3, 0.064)
_DRIFT: Final = (6.0, 1.3, 0.15)
"""Robust spreads, times the largest of the past, least change in logs."""
_FALLS: Final = 1.3
_DRIFT_FROM: Final = 142
_QUIET_BEFORE_DRIFT: Final = 28
_SPREAD: Final = 1.4826
_LARGEST_KEPT: Final = 4
"""With one day in a hundred left out, what went by unflagged does not raise the bar for good."""
YEAR_END: Final = 0.5
"""Between the years a fall has to exceed this, in logs."""
SEASON: Final = 56
"""Days of history that an expectation rests on."""
ACCEPTED_AFTER: Final = 5
"""Flagged days on one side in a row after which a level is the new one."""
WARM: Final = SEASON + 14
"""No day before this one is judged."""


class Past:
    """What a series did before: its residuals, three-day means and three-week changes, without flagged days."""

    def __init__(self, count: int, length: int) -> None:
        # Columns are read by day and written by day: the order keeps a day's figures together.
        self.residuals = np.full((count, length), np.nan, order="F")
        self.threes = np.full((count, length), np.nan, order="F")
        self.changes = np.full((count, length), np.nan, order="F")
        self.largest = np.zeros((count, _LARGEST_KEPT))
        self.most_three = np.zeros(count)
        self.side = np.zeros(count, np.int8)
        self.sided = np.zeros(count, np.int64)

    def spread(self, day: int) -> tuple[Floats, Floats]:
        """The robust spread of the last residuals, and the largest of all but one in a hundred."""
        fresh = np.abs(self.residuals[:, SEASON if day == WARM else day - 1 : day])
        pool = np.concatenate([self.largest, np.nan_to_num(fresh)], axis=1)
        self.largest = -np.sort(-pool, axis=1)[:, :_LARGEST_KEPT]
        rank = min(max(1, round((day - SEASON) / 100)), _LARGEST_KEPT)
        return _spread(self.residuals[:, max(SEASON, day - _REMEMBERED) : day]), self.largest[:, rank - 1]

    def three_days(self, day: int, residual: Floats) -> Floats:
        """The mean residual of three days; NaN where one of them is not usable."""
        self.threes[:, day] = (self.residuals[:, day - 1] + self.residuals[:, day - 2] + residual) / _THREE
        return self.threes[:, day].copy()

    def bar_of_three(self, day: int, mean: Floats, *, year_end: bool, allowed: tuple[Floats, Floats]) -> Floats:
        """What a three-day mean has to exceed; infinite while too few are known."""
        known = day - _THREE - THREE_FROM
        if known > 0:
            self.most_three = np.fmax(self.most_three, np.abs(self.threes[:, day - _THREE - 1]))
        if known < 20:  # noqa: PLR2004
            return np.full(len(mean), np.inf)
        times, over, least = _THREE_DAYS
        spread = _spread(self.threes[:, max(THREE_FROM, day - _REMEMBERED) : day - _THREE])
        bar = np.maximum(np.maximum(times * spread, least), over * self.most_three)
        bar = np.where(mean < 0, np.maximum(bar * _FALLS, allowed[1]), np.maximum(bar, allowed[0]))
        return np.where(mean < 0, np.maximum(bar, YEAR_END), bar) if year_end else bar

    def one_side(self, signs: Signs) -> Flags:
        """Whose last days were all flagged on one side: the level is new, not wrong. Forgets them."""
        self.sided = np.where((signs != 0) & (signs == self.side), self.sided + 1, (signs != 0).astype(np.int64))
        self.side = signs.copy()
        enough = self.sided >= ACCEPTED_AFTER
        self.sided[enough] = 0
        self.side[enough] = 0
        return enough

    def drifting(
        self, history: History, day: int, last_flag: npt.NDArray[np.int64], allowed: tuple[Floats, Floats]
    ) -> tuple[Flags, Floats]:
        """Whose weekly median moved in three weeks as it never did, while nothing else was flagged for four."""
        none = np.zeros(len(self.most_three), bool)
        if day < _DRIFT_FROM - 21:
            return none, np.zeros(len(none))
        change = history.medians[:, day] - history.medians[:, day - 21]
        self.changes[:, day] = change
        earlier = self.changes[:, max(_DRIFT_FROM, day - _REMEMBERED) : day - 14]
        if earlier.shape[1] < 10:  # noqa: PLR2004
            return none, change
        times, over, least = _DRIFT
        most = np.fmax.reduce(np.abs(earlier), axis=1)
        bar = np.maximum(np.maximum(times * _spread(earlier), least), over * most)
        bar = np.maximum(bar, np.where(change < 0, allowed[1], allowed[0]))
        return (np.abs(change) > bar) & (day - last_flag > _QUIET_BEFORE_DRIFT), change


def _spread(figures: Floats) -> Floats:
    """Median size as a standard deviation; NaN-aware without the cost of nanmedian."""
    sizes = np.sort(np.abs(figures), axis=1)  # NaN sorts last
    known = np.count_nonzero(~np.isnan(figures), axis=1)
    rows = np.arange(len(sizes))
    middle = (sizes[rows, np.maximum(known - 1, 0) // 2] + sizes[rows, np.minimum(known // 2, sizes.shape[1] - 1)]) / 2
    return np.where(known > 0, _SPREAD * middle, np.inf)
