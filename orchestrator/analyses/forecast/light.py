"""The light model, with no library behind it: the season's profile on a smoothed level, or the last level.

It answers where the statistics extra is not installed, and judges in a moment at a hundred past origins how far a
series strays from what one could know. Method: seasonal decomposition by medians, simple exponential smoothing; whether
there is a season at all by the 90 % test on the autocorrelation that the M4 competition used.
"""

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import Final

_ALPHA: Final = 0.1
_PROFILE_SEASONS: Final = 8
_CONFIDENCE: Final = 1.645
_LEAST_SEASONS: Final = 3


def is_seasonal(values: Sequence[float], season: int) -> bool:
    """Whether a pattern of this length is there, judged by the autocorrelation at its lag."""
    n = len(values)
    if season <= 1 or n < _LEAST_SEASONS * season:
        return False
    centre = fmean(values)
    apart = [value - centre for value in values]
    spread = math.fsum(one * one for one in apart)
    if spread == 0:
        return False
    lags = [
        math.fsum(a * b for a, b in zip(apart[lag:], apart, strict=False)) / spread for lag in range(1, season + 1)
    ]
    limit = _CONFIDENCE * math.sqrt((1 + 2 * math.fsum(r * r for r in lags[:-1])) / n)
    return abs(lags[-1]) > limit


def project(values: Sequence[float], horizon: int, season: int, *, seasonal: bool) -> list[float]:
    """The coming points: profile on level where the series is seasonal, else the last value."""
    seasons = min(len(values) // season, _PROFILE_SEASONS)
    if not seasonal or seasons < 1:
        return [values[-1]] * horizon
    recent = values[-seasons * season :]
    profile = _profile(recent, season, seasons)
    level, weight = 0.0, 0.0
    for position, value in enumerate(recent):
        share = (1 - _ALPHA) ** (len(recent) - 1 - position)
        level += share * (value - profile[position % season])
        weight += share
    return [level / weight + profile[lead % season] for lead in range(horizon)]


def _profile(recent: Sequence[float], season: int, seasons: int) -> list[float]:
    """How far each point of a season usually lies from the season's mean."""
    means = [fmean(recent[n * season : (n + 1) * season]) for n in range(seasons)]
    return [
        median(recent[n * season + position] - means[n] for n in range(seasons)) for position in range(season)
    ]
