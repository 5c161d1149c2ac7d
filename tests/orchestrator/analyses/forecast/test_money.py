"""From a model's numbers to money: groups add up to the total to the cent, planned changes and fees do what they say."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analyses.forecast.planned import Effect, Planned, added_by
from orchestrator.analyses.forecast.reconcile import reconciled
from orchestrator.forecasts.scheduled import scheduled

AMOUNTS = st.floats(-1e9, 1e9)
DAYS = [date(2026, 12, 1) + timedelta(days=n) for n in range(31)]


@given(
    st.decimals(-(10**10), 10**10, places=2), st.lists(st.tuples(AMOUNTS, st.floats(0, 1e6)), min_size=1, max_size=9)
)
def test_groups_sum_to_the_total_to_the_cent(total: Decimal, groups: list[tuple[float, float]]) -> None:
    parts = reconciled(total, [mean for mean, _ in groups], [width for _, width in groups])

    assert sum(parts) == total
    assert all(part == part.quantize(Decimal("0.01")) for part in parts)


def test_the_group_that_is_known_least_gives_way_most() -> None:
    assert reconciled(Decimal(110), [50.0, 50.0], [1.0, 9.0]) == [Decimal("51.00"), Decimal("59.00")]


@pytest.mark.parametrize(
    ("change", "sums"),
    [
        (Planned("a price", Effect.PERCENT, -20, date(2026, 12, 11)), -20 * 21 / 100 * 10),
        (Planned("a part of the month", Effect.PERCENT, 50, date(2026, 12, 1), date(2026, 12, 3)), 2 * 5),
        (Planned("a purchase", Effect.ONCE, 500, date(2026, 12, 24)), 500),
        (Planned("before the period", Effect.ONCE, 500, date(2026, 11, 24)), 0),
        (Planned("a migration", Effect.MONTHLY, 365.25 / 12, date(2026, 12, 1)), 31),
    ],
    ids=lambda given: given.name if isinstance(given, Planned) else "",
)
def test_a_planned_change_adds_what_it_says(change: Planned, sums: float) -> None:
    assert sum(added_by([change], DAYS, [10.0] * 31)) == pytest.approx(sums)


def test_growth_compounds_by_month() -> None:
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]

    added = added_by([Planned("growth", Effect.GROWTH, 5, year[0])], year, [100.0] * 365)

    assert added[-1] == pytest.approx(100 * (1.05**12 - 1), rel=0.01)


def test_a_fee_comes_on_its_day_of_each_month_until_its_commitment_ends() -> None:
    october = {date(2026, 10, 1): Decimal(100), date(2026, 10, 31): Decimal(7)}
    coming = [date(2026, 11, 1) + timedelta(days=n) for n in range(90)]

    found = scheduled(october, coming, ends=date(2027, 1, 1))

    assert found == {
        date(2026, 11, 1): Decimal(100),
        date(2026, 11, 30): Decimal(7),
        date(2026, 12, 1): Decimal(100),
        date(2026, 12, 31): Decimal(7),
    }
