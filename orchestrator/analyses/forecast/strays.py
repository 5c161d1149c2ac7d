"""How far a series strays from what could be known at past origins: the empirical half of every interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.analyses.forecast.light import is_seasonal, project
from orchestrator.analyses.forecast.projection import Band, Span

_ORIGINS: Final = 100
_TOTALS: Final = 10
_LEAST: Final = 5
"""Origins below which a lead's quantile says nothing."""


@dataclass(frozen=True)
class Strays:
    """The errors of the light model at past origins, by lead; relative (logarithms) where all values are positive."""

    relative: bool
    by_lead: tuple[tuple[float, ...], ...]
    history: tuple[float, ...]
    season: int

    def half_widths(self, level: int, horizon: int) -> list[float]:
        """For each lead the quantile of the absolute errors, never shrinking; longer leads grow by the root of time."""
        widths: list[float] = []
        for lead in range(horizon):
            known = self.by_lead[lead] if lead < len(self.by_lead) else ()
            if len(known) >= _LEAST:
                widths.append(max(_quantile([abs(one) for one in known], level / 100), widths[-1] if widths else 0.0))
            elif widths:
                widths.append(widths[-1] * math.sqrt((lead + 1) / lead))
            else:
                widths.append(0.0)
        return widths

    def band(self, mean: Sequence[float], level: int) -> Band:
        """An interval around these points."""
        widths = self.half_widths(level, len(mean))
        if self.relative:
            lower = tuple(point * math.exp(-min(w, _MOST)) for point, w in zip(mean, widths, strict=True))
            return Band(lower, tuple(point * math.exp(min(w, _MOST)) for point, w in zip(mean, widths, strict=True)))
        lower = tuple(point - width for point, width in zip(mean, widths, strict=True))
        return Band(lower, tuple(point + width for point, width in zip(mean, widths, strict=True)))

    def spread_of_total(self, span: Span) -> float | None:
        """The root mean square error of such a span's sum at past origins; None where none can be held out.

        As a logarithm where the errors are relative, else in the unit of the values.
        """
        values, after = self.history, span.after
        origins = [len(values) - after - step for step in _steps(len(values), after, span.after - span.first)]
        errors: list[float] = []
        for origin in origins:
            past = values[:origin]
            points = _known(past, after, self.season, relative=self.relative)
            actual, said = span.total(values[origin : origin + after]), span.total(points)
            if not self.relative:
                errors.append(actual - said)
            elif actual > 0 and said > 0:
                errors.append(math.log(actual / said))
        return math.sqrt(math.fsum(e * e for e in errors) / len(errors)) if len(errors) >= _LEAST else None


_MOST: Final = 3.0
"""No interval reaches beyond twenty times the forecast, whatever the past did."""


def strays(values: Sequence[float], horizon: int, season: int) -> Strays:
    """The errors at up to a hundred origins of the newer two thirds of the history."""
    relative = min(values) > 0
    first = max(len(values) // 3, min(2 * season, len(values) // 2), 2)
    origins = range(first, len(values))
    step = max(len(origins) // _ORIGINS, 1)
    by_lead: list[list[float]] = [[] for _ in range(horizon)]
    for origin in origins[::step]:
        reach = min(horizon, len(values) - origin)
        points = _known(values[:origin], reach, season, relative=relative)
        for lead in range(reach):
            actual, said = values[origin + lead], points[lead]
            by_lead[lead].append(math.log(actual / said) if relative and said > 0 else actual - said)
    known = tuple(tuple(errors) for errors in by_lead if errors)
    return Strays(relative, known, tuple(values), season)


def _known(past: Sequence[float], horizon: int, season: int, *, relative: bool) -> list[float]:
    """What the light model would have said; on logarithms where the values allow it."""
    recent = past[-_RECENT * season :]
    seasonal = is_seasonal(recent, season)
    if not relative:
        return project(recent, horizon, season, seasonal=seasonal)
    return [math.exp(p) for p in project([math.log(v) for v in recent], horizon, season, seasonal=seasonal)]


_RECENT: Final = 26


def _steps(points: int, horizon: int, length: int) -> range:
    """How far back the origins of sums lie: ten, a third of the sum's length apart, inside half of the history."""
    step = max(length // 3, 1)
    return range(0, min(_TOTALS * step, max(points // 2 - horizon, 0)), step)


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
