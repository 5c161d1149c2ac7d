"""One forecast of one series from all models: combined, guarded, with intervals half native and half empirical."""

from collections.abc import Callable, Sequence
from statistics import fmean, median
from typing import Final

import numpy as np

from orchestrator.analyses.forecast.guard import clipped
from orchestrator.analyses.forecast.members import projections
from orchestrator.analyses.forecast.projection import LEVELS, Band, Cadence, Projection
from orchestrator.analyses.forecast.strays import known, strays
from shared_models.errors import MissingExtraError

LIGHT: Final = "profile on level"
_EMPIRICAL: Final = {Cadence.DAY: 0.5, Cadence.MONTH: 0.1}
"""The weight of the empirical interval beside the models' own."""
_COMBINED: Final[dict[Cadence, Callable[[Sequence[float]], float]]] = {Cadence.DAY: fmean, Cadence.MONTH: median}


def forecast(
    values: Sequence[float], horizon: int, cadence: Cadence, season: int, *, light: bool = False
) -> Projection:
    """The coming points of a series that has at least two points; `light` asks no statistics library.

    A constant series stays what it is. Native intervals are too narrow where a series wanders and too wide where its
    season is strong; the empirical ones (the errors of the light model at past origins) are right on average and
    rough. The mean of both covers best (docs/analytics.md).
    """
    if min(values) == max(values):
        flat = (values[-1],) * horizon
        return Projection(flat, dict.fromkeys(LEVELS, Band(flat, flat)), ("constant",))
    own = () if light else _modelled(values, horizon, cadence, season)
    if own:
        combine = _COMBINED[cadence]
        guarded = [clipped(one.mean, values, season) for one in own]
        mean = tuple(combine(points) for points in zip(*guarded, strict=True))
        names = tuple(name for one in own for name in one.models)
    else:
        history = np.asarray(values, dtype=float)
        points = known(history, horizon, season, relative=False)
        mean = clipped(points.tolist(), values, season)
        names = (LIGHT,)
    past = strays(values, horizon, season)
    share = _EMPIRICAL[cadence]
    bands = {level: _band(mean, [one.bands[level] for one in own], past.band(mean, level), share) for level in LEVELS}
    floor = 0.0 if min(values) >= 0 else None
    return Projection(mean, {level: _floored(band, floor) for level, band in bands.items()}, names)


def _modelled(values: Sequence[float], horizon: int, cadence: Cadence, season: int) -> tuple[Projection, ...]:
    try:
        return projections(values, horizon, cadence, season)
    except MissingExtraError:
        return ()


def _band(mean: Sequence[float], native: Sequence[Band], empirical: Band, share: float) -> Band:
    """The mean of the models' own interval and the empirical one; it always holds the forecast itself."""
    if not native:
        return empirical
    low = [fmean(points) for points in zip(*(band.lower for band in native), strict=True)]
    high = [fmean(points) for points in zip(*(band.upper for band in native), strict=True)]
    return Band(
        tuple(min((1 - share) * a + share * b, point) for a, b, point in zip(low, empirical.lower, mean, strict=True)),
        tuple(max((1 - share) * a + share * b, point) for a, b, point in zip(high, empirical.upper, mean, strict=True)),
    )


def _floored(band: Band, floor: float | None) -> Band:
    return band if floor is None else Band(tuple(max(one, floor) for one in band.lower), band.upper)
