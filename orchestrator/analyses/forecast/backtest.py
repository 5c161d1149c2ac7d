"""How the same models would have done on this very series: they are fitted again on its past and held to what came."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final

from orchestrator.analyses.forecast.ensemble import forecast
from orchestrator.analyses.forecast.projection import LEVELS, Backtest, Cadence, Projection

_ORIGINS: Final = 3
_SHARE: Final = 4
"""A held-out stretch is at most this part of the history."""
_LEAST_SEASONS: Final = 3


def backtest(values: Sequence[float], horizon: int, cadence: Cadence, season: int, *, light: bool = False) -> Backtest:
    """Up to three held-out stretches of the horizon's length, one after the other at the end of the history.

    A stretch is at most a quarter of the history long. With less than three seasons before it nothing is held out.
    """
    length = max(min(horizon, len(values) // _SHARE), 1)
    origins = [len(values) - length * back for back in range(_ORIGINS, 0, -1)]
    origins = [origin for origin in origins if origin >= _LEAST_SEASONS * season]
    scored = [
        (values[:o], values[o : o + length], forecast(values[:o], length, cadence, season, light=light))
        for o in origins
    ]
    if not scored:
        return Backtest(0, 0, None, None, None, {})
    totals = [(sum(said.mean), sum(actual)) for _, actual, said in scored]
    errors = [(said - actual) / abs(actual) for said, actual in totals if actual]
    return Backtest(
        origins=len(scored),
        points=length,
        mase=_mase(scored, season),
        bias=fmean(errors) if errors else None,
        total_error=fmean(abs(error) for error in errors) if errors else None,
        coverage=_coverage(scored),
    )


_Scored = Sequence[tuple[Sequence[float], Sequence[float], Projection]]


def _mase(scored: _Scored, season: int) -> float | None:
    """The mean absolute scaled error (Hyndman and Koehler 2006); None where the past repeats itself exactly."""
    found: list[float] = []
    for past, actual, said in scored:
        scale = fmean(abs(b - a) for a, b in zip(past, past[season:], strict=False))
        if scale:
            found.append(fmean(abs(a - m) for a, m in zip(actual, said.mean, strict=True)) / scale)
    return fmean(found) if found else None


def _coverage(scored: _Scored) -> Mapping[int, float]:
    return {
        level: fmean(
            float(low <= value <= high)
            for _, actual, said in scored
            for value, low, high in zip(actual, said.bands[level].lower, said.bands[level].upper, strict=True)
        )
        for level in LEVELS
    }
