"""The models of the statistics extra; each says the coming points and its own intervals, or nothing where it fails.

Daily series: the mean of AutoCES and TBATS. Monthly series: the median of AutoCES, MSTL over ETS, TBATS on Box-Cox
values and the seasonal naive forecast. Chosen by cross-validated accuracy on public series (docs/analytics.md).
"""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from orchestrator.analyses.forecast.projection import LEVELS, Band, Cadence, Projection
from shared_models.errors import MissingExtraError

_MOST_POINTS: Final = {Cadence.DAY: 540, Cadence.MONTH: 240}
"""Older history changes little and costs time."""


def models(cadence: Cadence, season: int, *, positive: bool) -> Mapping[str, Callable[[], Any]]:
    """The models of a series by name, not yet fitted.

    Raises:
        MissingExtraError: the statistics extra is not installed.

    """
    try:
        from statsforecast import models as sf  # noqa: PLC0415 - takes over a second to load: with the first forecast
    except ModuleNotFoundError as error:
        raise MissingExtraError("analytics", needed_for="The statistical forecast models") from error

    def tbats(*, boxcox: bool) -> Any:
        return sf.TBATS(season, use_boxcox=boxcox, use_trend=True, use_damped_trend=True, use_arma_errors=False)

    if cadence is Cadence.DAY:
        return {"AutoCES": lambda: sf.AutoCES(season_length=season), "TBATS": lambda: tbats(boxcox=False)}
    return {
        "AutoCES": lambda: sf.AutoCES(season_length=season),
        "MSTL": lambda: sf.MSTL(season_length=season, trend_forecaster=sf.AutoETS(model="ZZN")),
        "TBATS": lambda: tbats(boxcox=positive),
        "SeasonalNaive": lambda: sf.SeasonalNaive(season_length=season),
    }


def projections(values: Sequence[float], horizon: int, cadence: Cadence, season: int) -> tuple[Projection, ...]:
    """What each model says; a model that cannot fit this series, or says what is no number, is left out.

    Raises:
        MissingExtraError: the statistics extra is not installed.

    """
    known = models(cadence, season, positive=min(values) > 0)
    import numpy as np  # noqa: PLC0415 - comes with the extra

    history = np.asarray(values[-_MOST_POINTS[cadence] :], dtype=float)
    found = [_said(name, build, history, horizon) for name, build in known.items()]
    return tuple(one for one in found if one is not None)


def _said(name: str, build: Callable[[], Any], history: Any, horizon: int) -> Projection | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            said = build().forecast(y=history, h=horizon, level=list(LEVELS))
        except Exception:  # noqa: BLE001 - the library raises bare exceptions where nothing can be fitted
            return None
    bands = {level: Band(_floats(said[f"lo-{level}"]), _floats(said[f"hi-{level}"])) for level in LEVELS}
    one = Projection(_floats(said["mean"]), bands, (name,))
    numbers = (*one.mean, *(edge for band in bands.values() for edge in (*band.lower, *band.upper)))
    return one if all(map(math.isfinite, numbers)) else None


def _floats(column: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in column)
