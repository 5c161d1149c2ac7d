"""Forecasts of one series: patterns are carried on, hostile histories explode nowhere, intervals hold what they say."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.analyses.forecast.backtest import backtest
from orchestrator.analyses.forecast.ensemble import LIGHT, forecast
from orchestrator.analyses.forecast.projection import Cadence, Projection, Span
from orchestrator.analyses.forecast.totals import totals

WEEK = [10.0, 10.0, 10.0, 10.0, 12.0, 4.0, 3.0]


def daily(values: Sequence[float], horizon: int, *, light: bool = False) -> Projection:
    return forecast(values, horizon, Cadence.DAY, 7, light=light)


@pytest.mark.parametrize("light", [True, False])
def test_weekdays_go_on(*, light: bool) -> None:
    noise = np.random.default_rng(1)
    history = [cost * noise.uniform(0.98, 1.02) for _ in range(30) for cost in WEEK]

    said = daily(history, 14, light=light)

    assert said.mean == pytest.approx(WEEK * 2, rel=0.05)
    assert (LIGHT in said.models) is light


HOSTILE = {
    "one point": [5.0],
    "five points": [1.0, 2.0, 1.0, 2.0, 9.0],
    "constant": [7.0] * 100,
    "zeros": [0.0] * 60,
    "zeros, then something": [0.0] * 50 + [3.0] * 10,
    "credits": [-5.0, -4.0, -6.0] * 20,
    "both signs": [5.0, -4.0, 3.0] * 20,
    "sparse": ([0.0] * 6 + [100.0]) * 12,
    "a trillion": [1e12 + n * 1e9 for n in range(90)],
    "one spike": [1.0] * 60 + [1e9] + [1.0] * 29,
}


@pytest.mark.parametrize("light", [True, False])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_history_makes_a_forecast_explode(name: str, *, light: bool) -> None:
    history = HOSTILE[name]

    said = daily(history, 30, light=light)

    reach = max(history) - min(history)
    for number, point in enumerate(said.mean):
        assert min(history) - reach <= point <= max(history) + reach
        for band in said.bands.values():
            assert math.isfinite(band.lower[number])
            assert band.lower[number] <= point <= band.upper[number]
        assert min(history) < 0 or said.bands[95].lower[number] >= 0


def test_a_wider_level_holds_the_narrower_one() -> None:
    noise = np.random.default_rng(2)
    said = daily([100 + noise.normal(0, 10) for _ in range(200)], 21)

    for number in range(21):
        assert said.bands[95].lower[number] <= said.bands[80].lower[number]
        assert said.bands[95].upper[number] >= said.bands[80].upper[number]


def test_most_of_what_comes_lies_inside_the_interval() -> None:
    inside = points = 0
    for seed in range(12):
        noise = np.random.default_rng(seed)
        series = [WEEK[day % 7] * 10 + noise.normal(0, 5) for day in range(220)]
        said = daily(series[:200], 20)
        inside += sum(
            low <= value <= high
            for value, low, high in zip(series[200:], said.bands[80].lower, said.bands[80].upper, strict=True)
        )
        points += 20

    assert 0.68 <= inside / points <= 0.92


def test_the_interval_of_a_month_is_narrower_than_its_days_added_up() -> None:
    noise = np.random.default_rng(3)
    history = [100 + noise.normal(0, 20) for _ in range(300)]
    said = daily(history, 30, light=True)

    [month] = totals(history, said, [Span(0, 30)], 7, 80)

    assert month.tested
    assert month.lower < month.mean < month.upper
    assert month.upper - month.lower < sum(said.bands[80].upper) - sum(said.bands[80].lower)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=40, max_size=80), st.integers(1, 20))
def test_a_backtest_looks_at_no_later_day(history: list[float], horizon: int) -> None:
    """The forecast from a day on is the same whatever came after it."""
    origin = len(history) - horizon
    before = daily(history[:origin], horizon, light=True)
    tested = backtest(history, horizon, Cadence.DAY, 7, light=True)

    again = daily([*history[:origin], *reversed(history[origin:])][:origin], horizon, light=True)

    assert before == again
    assert tested.origins <= 3
    assert all(0 <= share <= 1 for share in tested.coverage.values())


def test_a_backtest_says_how_well_it_went() -> None:
    noise = np.random.default_rng(4)
    steady = [WEEK[day % 7] * noise.uniform(0.95, 1.05) for day in range(210)]
    jumping = [*steady[:180], *(cost * 2 for cost in steady[180:])]

    good, bad = (backtest(series, 30, Cadence.DAY, 7, light=True) for series in (steady, jumping))

    assert good.total_error is not None
    assert bad.bias is not None
    assert good.total_error < 0.05
    assert bad.bias < -0.1
    assert backtest(steady[:20], 30, Cadence.DAY, 7, light=True).origins == 0
