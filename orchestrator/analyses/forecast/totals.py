"""Sums of coming points, with intervals from the errors of such sums in the past: daily bounds do not add up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.analyses.forecast.projection import Projection, Span
from orchestrator.analyses.forecast.strays import strays

_NORMAL: Final = {80: 1.2815515655446004, 95: 1.959963984540054}
"""Two-sided quantiles of the standard normal distribution."""
_MOST: Final = 3.0


@dataclass(frozen=True)
class Total:
    """The sum of a span and its interval; `tested` is false where no such sum could be held out in the past."""

    mean: float
    lower: float
    upper: float
    tested: bool


def totals(
    values: Sequence[float], projection: Projection, spans: Sequence[Span], season: int, level: int
) -> list[Total]:
    """One total per span. One point has its own band; a span that no past can test takes the sum of its bounds."""
    past = strays(values, max((span.after for span in spans), default=0), season) if len(values) > 1 else None
    found: list[Total] = []
    for span in spans:
        mean = span.total(projection.mean)
        band = projection.bands[level]
        low, high = span.total(band.lower), span.total(band.upper)
        spread = past.spread_of_total(span) if past is not None and span.after - span.first > 1 else None
        if spread is None or past is None or low == high:
            found.append(Total(mean, low, high, tested=span.after - span.first == 1))
        elif past.relative and mean > 0:
            factor = math.exp(min(_NORMAL[level] * spread, _MOST))
            found.append(Total(mean, mean / factor, mean * factor, tested=True))
        else:
            reach = _NORMAL[level] * spread
            found.append(Total(mean, mean - reach, mean + reach, tested=True))
    return found
