"""The ledger: one commit at a time, restated months replaced, nothing booked that was not announced."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.business.config import BusinessConfig
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.rebuild import rebuild_cubes, set_aside_catalog
from orchestrator.ledger.upkeep import prefer, sweep
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from shared_models.errors import LedgerCorruptError, LedgerVersionError, TransferCorruptError
from shared_models.export import SourceFormat
from shared_models.query import CostFilter, Granularity
from tests.builders import NOW, OCTOBER, cost_row, export_part


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "home")
    yield ledger
    ledger.close()


def total(ledger: Ledger, **asked: object) -> Decimal:
    as_of = asked.pop("as_of", None)
    answer = QueryEngine(ledger, BusinessConfig()).ask(Question(**{"period": OCTOBER, **asked}), as_of=as_of)
    return sum((line.amount for line in answer.totals), Decimal(0))


def book(ledger: Ledger, *parts, at=NOW):
    return ledger.adopt(list(parts), [], now=at, reason="test")


def test_importing_twice_changes_nothing(ledger: Ledger, tmp_path: Path) -> None:
    part = export_part(tmp_path / "in", [cost_row(Cost="5")])

    first, second = book(ledger, part), book(ledger, part)

    assert (first.added, second.added) == (1, 0)
    assert second.generation == first.generation
    assert total(ledger) == Decimal(5)


def test_a_restated_month_replaces_exactly_its_partition(ledger: Ledger, tmp_path: Path) -> None:
    september = export_part(tmp_path / "in", [cost_row(Cost="7", ChargePeriodStart="2026-09-05")])
    book(ledger, september, export_part(tmp_path / "in", [cost_row(Cost="5")]))

    book(ledger, export_part(tmp_path / "in", [cost_row(Cost="6")]), at=NOW + timedelta(days=1))

    assert total(ledger) == Decimal(6)
    assert total(ledger, as_of=NOW + timedelta(hours=1)) == Decimal(5)
    assert {load.billing_period_start.month for load in ledger.snapshot().booked} == {9, 10}


def test_two_formats_of_one_bill_never_add_up(ledger: Ledger, tmp_path: Path) -> None:
    focus = export_part(tmp_path / "in", [cost_row(Cost="5")], source_key="focus")
    cur = export_part(tmp_path / "in", [cost_row(Cost="5.1")], source_key="cur", source_format=SourceFormat.AWS_CUR_2)

    book(ledger, focus)
    book(ledger, cur)

    assert total(ledger) == Decimal(5)
    assert [load.source_key for load in ledger.snapshot().aside] == ["cur"]


def test_the_owner_chooses_which_source_counts(ledger: Ledger, tmp_path: Path) -> None:
    focus = export_part(tmp_path / "in", [cost_row(Cost="5")], source_key="focus")
    cur = export_part(tmp_path / "in", [cost_row(Cost="5.1")], source_key="cur", source_format=SourceFormat.AWS_CUR_2)
    book(ledger, focus, cur)

    prefer(ledger.catalog, "aws", "100", "cur", NOW)

    assert total(ledger) == Decimal("5.1")


def test_a_part_with_other_totals_than_announced_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    part = export_part(tmp_path / "in", [cost_row(Cost="5")])
    wrong = part.model_copy(update={"totals": (part.totals[0].model_copy(update={"billed_cost": Decimal(6)}),)})

    with pytest.raises(TransferCorruptError):
        book(ledger, wrong)

    assert ledger.snapshot().loads == ()


def test_a_part_with_other_bytes_than_announced_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    part = export_part(tmp_path / "in", [cost_row(Cost="5")])

    with pytest.raises(TransferCorruptError):
        book(ledger, part.model_copy(update={"sha256": "0" * 64}))

    assert ledger.snapshot().loads == ()


def test_a_damaged_catalogue_is_a_clear_error_and_can_be_set_aside(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Ledger(home).close()
    (home / "catalog.sqlite").write_bytes(b"no database at all" * 100)

    with pytest.raises(LedgerCorruptError, match="damaged"):
        Ledger(home)

    assert set_aside_catalog(LedgerHome(home)) is not None
    assert Ledger(home).snapshot().loads == ()


def test_a_foreign_catalogue_is_not_touched(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with sqlite3.connect(home / "catalog.sqlite") as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()

    with pytest.raises(LedgerCorruptError, match="another program"):
        Ledger(home)


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Ledger(home).close()
    with sqlite3.connect(home / "catalog.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(LedgerVersionError, match="99"):
        Ledger(home)


def test_lost_cubes_are_made_again_from_the_facts(ledger: Ledger, tmp_path: Path) -> None:
    book(ledger, export_part(tmp_path / "in", [cost_row(Cost="5")]))
    for cube in ledger.home.cubes.iterdir():
        cube.unlink()

    assert rebuild_cubes(ledger.catalog) == 1
    assert len(list(ledger.home.cubes.iterdir())) == 1
    assert total(ledger) == Decimal(5)


def test_sweeping_forgets_old_versions_but_not_what_counts(ledger: Ledger, tmp_path: Path) -> None:
    book(ledger, export_part(tmp_path / "in", [cost_row(Cost="5")]))
    book(ledger, export_part(tmp_path / "in", [cost_row(Cost="6")]), at=NOW + timedelta(days=1))

    removed = sweep(ledger.catalog, retention=timedelta(days=30), now=NOW + timedelta(days=90))

    assert removed == 2
    assert total(ledger) == Decimal(6)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.decimals(min_value=-1000, max_value=1000, places=12),
            st.sampled_from(["USD", "EUR"]),
            st.sampled_from(["A", "B", None]),
            st.sampled_from(["2026-10-01", "2026-10-17", "2026-10-31"]),
        ),
        min_size=1,
        max_size=15,
    ),
    st.integers(1, 3),
)
def test_totals_survive_grouping_paging_and_buckets(tmp_path: Path, lines: list, limit: int) -> None:
    folder = tmp_path / str(abs(hash((str(lines), limit))))
    rows = [
        cost_row(Cost=format(cost, "f"), BillingCurrency=currency, ServiceName=service, ChargePeriodStart=day)
        for cost, currency, service, day in lines
    ]
    ledger = Ledger(folder / "home")
    try:
        book(ledger, export_part(folder / "in", rows))
        engine = QueryEngine(ledger, BusinessConfig())
        whole = {t.currency: t.amount for t in engine.ask(Question(period=OCTOBER)).totals}
        paged: dict[str, Decimal] = dict.fromkeys(whole, Decimal(0))
        cursor = None
        while True:
            question = Question(period=OCTOBER, group_by=("ServiceName",), granularity=Granularity.DAY, limit=limit)
            page = engine.ask(question, cursor=cursor)
            for group in page.data:
                assert sum(group.series or ()) == group.amount
                paged[group.currency] += group.amount
            cursor = page.pagination.next_cursor
            if cursor is None:
                break
        for part in page.unallocated:
            paged[part.currency] += part.amount
        only_a = CostFilter(column="ServiceName", operator="is_null")
        rest = CostFilter(column="ServiceName", operator="is_not_null")
        halves = [engine.ask(Question(period=OCTOBER, filters=(f,))).totals for f in (only_a, rest)]
        filtered = {c: sum((t.amount for half in halves for t in half if t.currency == c), Decimal(0)) for c in whole}
    finally:
        ledger.close()

    exact = {c: sum((cost for cost, currency, _, _ in lines if currency == c), Decimal(0)) for c in whole}
    assert whole == exact == paged == filtered
