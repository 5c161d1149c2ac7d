"""Query ids: the same question over the same sources has the same id, and anything that moves a figure another one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.business.config import AccountRecord, BusinessConfig, Dimensions
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter, FilterOperator
from tests.builders import NOW, OCTOBER, cost_row, export_part

COMPUTE = CostFilter(column="ServiceName", values=("Compute",))
AWS = CostFilter(column="x_Provider", values=("aws",))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "home")
    ledger.adopt([export_part(tmp_path / "in", [cost_row()])], [], now=NOW, reason="test")
    yield ledger
    ledger.close()


def query_id(ledger: Ledger, team: str = "web", **asked: object) -> str:
    record = AccountRecord.model_validate({"sub_account_id": "a1", "team": team})
    business = BusinessConfig(dimensions=Dimensions(account=(record,)))
    return QueryEngine(ledger, business).ask(Question(**{"period": OCTOBER, **asked})).evidence.query_id


def test_the_same_question_in_other_words_has_the_same_id(ledger: Ledger) -> None:
    written = ChargePeriod.parse("2026-10-01/2026-11-01")
    same_filter = CostFilter(column="ServiceName", operator=FilterOperator.IN, values=("Compute",))

    assert query_id(ledger) == query_id(ledger, period=written) == query_id(ledger, spend="total")
    assert query_id(ledger, group_by=("provider",)) == query_id(ledger, group_by=("x_Provider",))
    assert query_id(ledger, filters=(COMPUTE, AWS)) == query_id(ledger, filters=(AWS, same_filter))


def test_another_question_has_another_id(ledger: Ledger) -> None:
    asked = [
        {},
        {"metric": CostBasis.BILLED},
        {"group_by": ("ServiceName",)},
        {"filters": (COMPUTE,)},
        {"spend": "without_tax"},
        {"period": ChargePeriod.parse("2026-10-01/2026-10-02")},
        {"offset": 10},
    ]

    assert len({query_id(ledger, **question) for question in asked}) == len(asked)


def test_a_sync_that_brings_nothing_for_the_period_keeps_the_id(ledger: Ledger, tmp_path: Path) -> None:
    before = query_id(ledger)
    ledger.adopt([export_part(tmp_path / "in", [cost_row(ChargePeriodStart="2026-08-01")])], [], now=NOW, reason="test")
    same = query_id(ledger)
    ledger.adopt([export_part(tmp_path / "in", [cost_row(Cost="2")])], [], now=NOW, reason="test")

    assert before == same != query_id(ledger)


def test_a_mapping_that_changes_what_a_name_means_changes_the_id(ledger: Ledger) -> None:
    assert query_id(ledger, "web", group_by=("team",)) != query_id(ledger, "core", group_by=("team",))
    assert query_id(ledger, "web") == query_id(ledger, "core")
