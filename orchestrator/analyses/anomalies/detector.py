"""Finds the days of daily cost series that their own past does not explain; a day is judged by earlier days alone.

All works on log cost, for all series at once. Expected = level + weekday effect, averaged over several ways to see the
level (from the last day alone to the last weeks; with weekdays and without) by how well each did on this very series.
A day is flagged where its residual exceeds both a multiple of the series' robust spread and the largest residual that
the series showed unflagged: a series with wild days has to be wilder to be news. The mean of three days and the change
over three weeks are judged likewise, against their own past. docs/anomalies.md says how each figure was chosen.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrator.analyses.anomalies.calendar import Days
from orchestrator.analyses.anomalies.outlook import History, Outlook
from orchestrator.analyses.anomalies.past import ACCEPTED_AFTER, SEASON, THREE_FROM, WARM, YEAR_END, Past

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Signs = npt.NDArray[np.int8]

CENT: Final = 0.01
_UP: Final = (4.5, 1.5)
_DOWN: Final = (6.0, 1.8)
"""Robust spreads, and times the largest residual of the past, that a rise or a fall has to exceed."""
_LEAST: Final = 0.08
_QUIET_BEFORE_THREE: Final = 10
_AT_ONCE: Final = 1_000
"""So many series at a time stay in the processor's cache."""


class Kind(IntEnum):
    """What a flag rests on."""

    NONE = 0
    DAY = 1
    THREE_DAYS = 2
    DRIFT = 3


@dataclass(frozen=True)
class Detected:
    """Per series and day: the kind of flag, the direction, what was expected, and how far over its bar a day was."""

    kinds: Signs
    signs: Signs
    expected: Floats
    excess: Floats

    @property
    def flags(self) -> Flags:
        """Whether a day is flagged."""
        return self.kinds > 0


def detect(cost: Floats, days: Days, allowed_up: Floats | None = None, allowed_down: Floats | None = None) -> Detected:
    """Judge every day of every series (rows; NaN where a series has no day).

    `allowed_up` and `allowed_down` are changes in logs, one a series, that its owner called expected.
    """
    count, length = cost.shape
    allowed = (_or_zero(allowed_up, count), _or_zero(allowed_down, count))
    kinds, signs = np.zeros((count, length), np.int8), np.zeros((count, length), np.int8)
    expected, excess = np.full((count, length), np.nan), np.zeros((count, length))
    # A history shorter than the warm-up says nothing of any of its days.
    for start in range(0, count if length > WARM else 0, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        judged = Detected(kinds[some], signs[some], expected[some], excess[some])
        _judge(np.log(np.maximum(cost[some], 0.0) + CENT), days, (allowed[0][some], allowed[1][some]), judged)
    return Detected(kinds, signs, np.exp(expected) - CENT, excess)


def _judge(logs: Floats, days: Days, allowed: tuple[Floats, Floats], into: Detected) -> None:  # noqa: PLR0915 - one day's steps, in their order
    """Judge series of log cost day by day; `into` is filled in place, its expectation in logs."""
    count, length = logs.shape
    past = Past(count, length)
    kinds, signs, expected, excess = into.kinds, into.signs, into.expected, into.excess
    last_flag = np.full(count, -length)
    outlook = Outlook(count)
    history = History(logs, SEASON)
    for day in range(SEASON, length):
        guesses = outlook.guesses(history, day)
        ahead = outlook.expected(guesses)
        expected[:, day] = ahead
        residual = logs[:, day] - ahead
        known = ~np.isnan(residual)
        if day < WARM:
            history.cleaned[:, day] = np.where(known, logs[:, day], ahead)
            history.settle(day)
            past.residuals[:, day] = residual
            outlook.learn(guesses, logs[:, day], known)
            continue
        spread, most = past.spread(day)
        year_end = days.year_end(day)
        bar, plain = _bar(residual, spread, most, year_end=year_end, allowed=allowed)
        first = days.first_of_month(day)
        if first:
            residual = _beside_earlier_firsts(residual, logs, expected, days, day)
        hit = known & (np.abs(residual) > bar)
        kind = np.where(hit, Kind.DAY, Kind.NONE).astype(np.int8)
        holiday = (residual < -0.5 * plain) if year_end else np.zeros(count, bool)
        if day >= THREE_FROM:
            unusable = holiday | first
            mean = past.three_days(day, np.where(unusable, np.nan, residual))
            bar_three = past.bar_of_three(day, mean, year_end=year_end, allowed=allowed)
            slow = known & ~hit & (np.abs(mean) > bar_three) & (day - last_flag > _QUIET_BEFORE_THREE)
            past.threes[slow, day] = np.nan
            residual, bar = np.where(slow, mean, residual), np.where(slow, bar_three, bar)
            hit = hit | slow
            kind[slow] = Kind.THREE_DAYS
        odd = hit | first | holiday | ~known
        history.cleaned[:, day] = np.where(odd, ahead, logs[:, day])
        history.settle(day)
        past.residuals[:, day] = np.where(odd, np.nan, residual)
        outlook.learn(guesses, logs[:, day], ~odd)
        signs[:, day] = np.where(hit, np.where(residual < 0, -1, 1), 0).astype(np.int8)
        excess[:, day] = np.where(hit, np.abs(residual) / np.where(hit, bar, 1.0), 0.0)
        last_flag[hit] = day
        _accept(history, logs, expected, past.one_side(signs[:, day]), day)
        drifting, change = past.drifting(history, day, last_flag, allowed)
        kind[drifting & ~hit] = Kind.DRIFT
        signs[drifting & ~hit, day] = np.where(change[drifting & ~hit] < 0, -1, 1).astype(np.int8)
        excess[drifting & ~hit, day] = 1.0
        last_flag[drifting] = day
        kinds[:, day] = kind


def _bar(
    residual: Floats, spread: Floats, most: Floats, *, year_end: bool, allowed: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """What the size of a residual has to exceed, by its direction; and the same without the past's largest."""
    (up, over_up), (down, over_down) = _UP, _DOWN
    plain = np.maximum(up * spread, _LEAST)
    rise = np.maximum(np.maximum(plain, over_up * most), allowed[0])
    fall = np.maximum(np.maximum(np.maximum(down * spread, _LEAST), over_down * most), allowed[1])
    if year_end:  # work stops between the years: what falls then by less than two fifths is no news
        fall = np.maximum(fall, YEAR_END)
    return np.where(residual < 0, fall, rise), plain


def _beside_earlier_firsts(residual: Floats, logs: Floats, expected: Floats, days: Days, day: int) -> Floats:
    """The residual, or what is left of it beside the earlier firsts of a month where that is less."""
    firsts = [earlier for earlier in range(WARM, day) if days.first_of_month(earlier)]
    if not firsts:
        return residual
    beside = residual - np.median(logs[:, firsts] - expected[:, firsts], axis=1)
    return np.where(np.abs(beside) < np.abs(residual), beside, residual)


def _accept(history: History, logs: Floats, expected: Floats, series: Flags, day: int) -> None:
    """A new level: what was taken out of the last days comes back, and the past is lifted to it."""
    found = np.flatnonzero(series)
    if len(found):
        last = slice(day - ACCEPTED_AFTER + 1, day + 1)
        jump = np.median(logs[found, last] - expected[found, last], axis=1)
        history.lift(found, jump, last, logs)


def _or_zero(allowed: Floats | None, count: int) -> Floats:
    return np.zeros(count) if allowed is None else allowed
