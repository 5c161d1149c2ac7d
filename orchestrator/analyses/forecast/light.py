"""The light model, with no statistics library behind it: the season's profile on a smoothed level, or the last level.

It answers where the statistics extra is not installed, and judges in a moment at a hundred past origins how far a
series strays from what one could know. Method: seasonal decomposition by medians, simple exponential smoothing; whether
there is a season at all by the 90 % test on the autocorrelation that the M4 competition used.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_ALPHA: Final = 0.1
_PROFILE_SEASONS: Final = 8
_CONFIDENCE: Final = 1.645
_LEAST_SEASONS: Final = 3


def is_seasonal(values: Floats, season: int) -> bool:
    """Whether a pattern of this length is there, judged by the autocorrelation at its lag."""
    n = len(values)
    if season <= 1 or n < _LEAST_SEASONS * season:
        return False
    apart = values - values.mean()
    spread = float(apart @ apart)
    if spread == 0:
        return False
    lags = np.array([float(apart[lag:] @ apart[:-lag]) / spread for lag in range(1, season + 1)])
    limit = _CONFIDENCE * np.sqrt((1 + 2 * float(lags[:-1] @ lags[:-1])) / n)
    return bool(abs(lags[-1]) > limit)


def project(values: Floats, horizon: int, season: int, *, seasonal: bool) -> Floats:
    """The coming points: profile on level where the series is seasonal, else the last value."""
    seasons = min(len(values) // season, _PROFILE_SEASONS)
    if not seasonal or seasons < 1:
        return np.repeat(values[-1], horizon)
    recent = values[-seasons * season :].reshape(seasons, season)
    profile = np.median(recent - recent.mean(axis=1, keepdims=True), axis=0)
    level = (recent - profile).ravel()
    weights = (1 - _ALPHA) ** np.arange(len(level))[::-1]
    return float(level @ weights / weights.sum()) + profile[np.arange(horizon) % season]
