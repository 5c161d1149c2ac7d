"""How far a series strays from what could be known at past origins: the empirical half of every interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrator.analyses.forecast.light import Floats, is_seasonal, project
from orchestrator.analyses.forecast.projection import Band, Span

_ORIGINS: Final = 100
_TOTALS: Final = 10
_LEAST: Final = 5
"""Origins below which a lead's quantile says nothing."""
_LEAST_SHARE: Final = 0.001
"""Next to a point that is smaller, against the median, no error is a share of anything."""
_RECENT: Final = 26
"""Seasons that the light model looks at."""
_MOST: Final = 3.0
"""No interval reaches beyond twenty times the forecast, whatever the past did."""


@dataclass(frozen=True)
class Strays:
    """The errors of the light model at past origins, by lead; relative (logarithms) where all values are positive."""

    relative: bool
    by_lead: tuple[Floats, ...]
    history: Floats
    season: int

    def half_widths(self, level: int, horizon: int) -> list[float]:
        """For each lead the quantile of the absolute errors, never shrinking; longer leads grow by the root of time."""
        widths: list[float] = []
        for lead in range(horizon):
            before = widths[-1] if widths else 0.0
            if lead < len(self.by_lead) and len(self.by_lead[lead]) >= _LEAST:
                widths.append(max(float(np.quantile(np.abs(self.by_lead[lead]), level / 100)), before))
            else:
                widths.append(before * math.sqrt((lead + 1) / lead) if lead else 0.0)
        return widths

    def band(self, mean: Sequence[float], level: int) -> Band:
        """An interval around these points."""
        widths, points = np.array(self.half_widths(level, len(mean))), np.array(mean)
        if self.relative:
            factor = np.exp(np.minimum(widths, _MOST))
            return Band(tuple((points / factor).tolist()), tuple((points * factor).tolist()))
        return Band(tuple((points - widths).tolist()), tuple((points + widths).tolist()))

    def spread_of_total(self, span: Span) -> float | None:
        """The root mean square error of such a span's sum at past origins; None where too few can be held out.

        As a logarithm where the errors are relative, else in the unit of the values.
        """
        errors: list[float] = []
        for back in _backwards(len(self.history), span):
            origin = len(self.history) - span.after - back
            # Of the amounts, not of their logarithms: those would say medians, whose sum is too low.
            points = known(self.history[:origin], span.after, self.season, relative=False)
            actual = float(self.history[origin + span.first : origin + span.after].sum())
            said = float(points[span.first :].sum())
            if not self.relative:
                errors.append(actual - said)
            elif actual > 0 and said > 0:
                errors.append(math.log(actual / said))
        return math.sqrt(math.fsum(e * e for e in errors) / len(errors)) if len(errors) >= _LEAST else None


def strays(values: Sequence[float], horizon: int, season: int) -> Strays:
    """The errors at up to a hundred origins of the newer two thirds of the history."""
    history = np.asarray(values, dtype=float)
    relative = float(history.min()) > _LEAST_SHARE * float(np.median(history))
    first = max(len(history) // 3, min(2 * season, len(history) // 2), 2)
    step = max((len(history) - first) // _ORIGINS, 1)
    by_lead: list[list[float]] = [[] for _ in range(horizon)]
    for origin in range(first, len(history), step):
        reach = min(horizon, len(history) - origin)
        said = known(history[:origin], reach, season, relative=relative)
        actual = history[origin : origin + reach]
        errors = np.log(actual / said) if relative else actual - said
        for lead in range(reach):
            by_lead[lead].append(float(errors[lead]))
    return Strays(relative, tuple(np.array(errors) for errors in by_lead if errors), history, season)


def known(past: Floats, horizon: int, season: int, *, relative: bool) -> Floats:
    """What the light model would have said; on logarithms where the values allow it."""
    recent = past[-_RECENT * season :]
    seasonal = is_seasonal(recent, season)
    if not relative:
        return project(recent, horizon, season, seasonal=seasonal)
    return np.exp(project(np.log(recent), horizon, season, seasonal=seasonal))


def _backwards(points: int, span: Span) -> range:
    """How far back the origins of sums lie: ten, a third of the sum's length apart, inside half of the history."""
    step = max((span.after - span.first) // 3, 1)
    return range(0, min(_TOTALS * step, max(points // 2 - span.after, 0)), step)
