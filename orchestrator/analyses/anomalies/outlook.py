"""What the next day should cost: several views of a series' level, averaged by how well each has done on it."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_HALF_LIVES: Final = (0.7, 2.5, 7.0, 20.0)
_RECENT: Final = 28
_MEMORY: Final = 0.96
_LARGEST: Final = 0.5
_GUESSES: Final = 2 * len(_HALF_LIVES) + 2


class History:
    """Log cost without what was flagged, and the median of the week up to each day."""

    def __init__(self, logs: Floats, season: int) -> None:
        # Columns are read by day and written by day: the order keeps a day's figures together.
        self.cleaned = np.array(logs, order="F")
        self.medians = np.array(logs, order="F")
        for day in range(season):
            self.settle(day)

    def settle(self, day: int) -> None:
        """The week's median of a day whose cleaned figure is known."""
        self.medians[:, day] = np.median(self.cleaned[:, max(0, day - 6) : day + 1], axis=1)

    def lift(self, series: npt.NDArray[np.int64], jump: Floats, last: slice, logs: Floats) -> None:
        """A new level of some series: the days of `last` count as they were, and the days before are lifted to them."""
        earlier = slice(max(0, last.start - 2 * _RECENT), last.start)
        self.cleaned[series, earlier] += jump[:, None]
        self.medians[series, earlier] += jump[:, None]
        self.cleaned[series, last] = logs[series, last]
        for day in range(last.start, last.stop):
            self.medians[series, day] = np.median(self.cleaned[series, day - 6 : day + 1], axis=1)


class Outlook:
    """The guesses of all series, and the mean error of each so far."""

    def __init__(self, count: int) -> None:
        ages = np.arange(_RECENT)[::-1]
        weights = np.stack([0.5 ** (ages / half_life) for half_life in _HALF_LIVES])
        self._weights: Floats = np.ascontiguousarray((weights / weights.sum(axis=1, keepdims=True)).T)
        self._weights_by_weekday: Floats = self._weights.reshape(4, 7, -1).sum(axis=0)
        self._errors = np.zeros((count, _GUESSES))
        self._effects = np.full((count, 7), np.nan)

    def guesses(self, history: History, day: int) -> Floats:
        """What each view says of this day, by the eight weeks before it."""
        for newest in range(day - 7 if np.isnan(self._effects).any() else day - 1, day):
            same = slice(newest - 49, newest + 1, 7)
            self._effects[:, newest % 7] = np.median(history.cleaned[:, same] - history.medians[:, same], axis=1)
        effects = self._effects - self._effects.mean(axis=1, keepdims=True)
        ahead = effects[:, (day + np.arange(7)) % 7]
        recent = history.cleaned[:, day - _RECENT : day]
        today = ahead[:, :1]
        levels = recent @ self._weights
        adjusted = levels - ahead @ self._weights_by_weekday + today
        level = np.median(recent[:, -7:] - ahead, axis=1, keepdims=True) + today
        weekly = history.medians[:, day - 29 : day : 7]
        slope = np.median(np.diff(weekly, axis=1), axis=1, keepdims=True) * (4 / 7)
        return np.concatenate([adjusted, levels, level, level + slope], axis=1)

    def expected(self, guesses: Floats) -> Floats:
        """The guesses' mean, weighted by how well they have done."""
        weights = 1.0 / np.square(np.square(self._errors + 1e-4))
        return np.einsum("ij,ij->i", weights, guesses) / weights.sum(axis=1)

    def learn(self, guesses: Floats, logs: Floats, usable: npt.NDArray[np.bool_]) -> None:
        """Note how well each guess did on the series whose day is usable."""
        errors = np.minimum(np.abs(logs[:, None] - guesses), _LARGEST)
        learned = _MEMORY * self._errors + (1 - _MEMORY) * errors
        self._errors = np.where(usable[:, None], learned, self._errors)
