"""No forecast leaves the envelope of recent history: one member that explodes must not carry the mean away."""

from collections.abc import Sequence
from typing import Final

_SEASONS: Final = 4
_POINTS: Final = 60


def clipped(points: Sequence[float], history: Sequence[float], season: int) -> tuple[float, ...]:
    """The points within one range of the last four seasons (at least 60 points) beyond their extremes.

    A cost that was never negative is not forecast to become so.
    """
    recent = history[-max(_SEASONS * season, _POINTS) :]
    low, high = min(recent), max(recent)
    reach = high - low
    floor, ceiling = low - reach, high + reach
    if min(history) >= 0:
        floor = max(floor, 0.0)
    return tuple(min(max(point, floor), ceiling) for point in points)
