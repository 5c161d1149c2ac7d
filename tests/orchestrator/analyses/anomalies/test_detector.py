"""The detector: it knows no future, keeps still where nothing happens, and finds what does."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.analyses.anomalies.calendar import Days
from orchestrator.analyses.anomalies.detector import Kind, detect

DAYS = Days(date(2026, 1, 1))
WEEK = np.array([1.0, 1.1, 1.15, 1.1, 1.0, 0.5, 0.4])


def noisy(seed: int, length: int = 240, count: int = 6) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 0.04, (count, length))
    return 500 * np.resize(WEEK, length) * np.exp(noise)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), today=st.integers(80, 239))
def test_a_shuffled_future_changes_nothing_that_was_said(seed: int, today: int) -> None:
    cost = noisy(seed)
    cost[0, 100:] *= 1.6
    cost[1, 150] *= 4
    shuffled = cost.copy()
    np.random.default_rng(seed).shuffle(shuffled[:, today + 1 :].T)

    said, said_then = detect(cost, DAYS), detect(shuffled, DAYS)

    past = np.s_[:, : today + 1]
    assert np.array_equal(said.kinds[past], said_then.kinds[past])
    assert np.array_equal(said.expected[past], said_then.expected[past], equal_nan=True)


@settings(max_examples=10, deadline=None)
@given(level=st.floats(0, 1e12), week=st.lists(st.floats(0.2, 5), min_size=7, max_size=7))
def test_a_constant_or_purely_weekly_series_never_alerts(level: float, week: list[float]) -> None:
    cost = np.stack([np.full(300, level), level * np.resize(week, 300)])

    assert not detect(cost, DAYS).flags.any()


def test_monthly_charges_on_the_first_alert_until_they_are_known() -> None:
    cost = noisy(1)
    firsts = [day for day in range(cost.shape[1]) if DAYS.first_of_month(day)]
    cost[:, firsts] *= 1.8

    assert not detect(cost, DAYS).flags[:, 120:].any()


def test_a_lull_between_the_years_is_no_anomaly_and_the_return_neither() -> None:
    start = Days(date(2026, 6, 1))
    cost = noisy(2)
    lull = [day for day in range(cost.shape[1]) if date(2026, 12, 23) <= start.at(day) <= date(2027, 1, 1)]
    cost[:, lull] *= 0.75

    assert not detect(cost, start).flags.any()


@pytest.mark.parametrize(("factor", "sign"), [(1.5, 1), (0.5, -1)])
def test_a_new_level_alerts_at_once_and_then_is_the_new_normal(factor: float, sign: int) -> None:
    cost = noisy(3)
    cost[2, 160:] *= factor

    found = detect(cost, DAYS)

    assert found.kinds[2, 160] == Kind.DAY
    assert found.signs[2, 160] == sign
    assert not found.flags[2, 170:].any()
    assert not found.flags[[0, 1, 3, 4, 5]].any()


def test_a_slow_leak_that_no_single_day_shows_is_found() -> None:
    cost = noisy(4, length=400, count=3)
    cost[0, 300:330] *= np.linspace(1, 2.2, 30)
    cost[0, 330:] *= 2.2

    kinds = detect(cost, DAYS).kinds

    assert Kind.DRIFT in kinds[0, 300:335]
    assert not kinds[1:].any()


def test_a_change_that_the_owner_called_expected_is_not_reported_again() -> None:
    cost = noisy(5)
    cost[:, 200] *= 2
    allowed = np.array([np.log(2.2), 0, 0, 0, 0, 0])

    flagged = detect(cost, DAYS, allowed_up=allowed).flags[:, 200]

    assert flagged.tolist() == [False, True, True, True, True, True]


@pytest.mark.parametrize("hostile", [0.0, -5.0, np.nan, 1e15])
def test_hostile_figures_do_not_break_the_series_beside_them(hostile: float) -> None:
    cost = noisy(6)
    cost[0, 90:] = hostile
    alone = detect(noisy(6)[1:], DAYS)

    beside = detect(cost, DAYS)

    assert np.array_equal(beside.kinds[1:], alone.kinds)
    assert np.isfinite(beside.expected[:, 60:]).all()


@pytest.mark.parametrize("length", [1, 31, 57, 70, 71])
def test_a_history_that_is_too_short_is_judged_nowhere(length: int) -> None:
    cost = noisy(1, length)
    cost[0, -1] *= 50

    assert not detect(cost, DAYS).flags[:, :70].any()
