"""Replay: pinned answers come back to the digit, others name exactly what was restated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.business.calendar import FiscalCalendar
from orchestrator.business.config import BusinessConfig, CalendarConfig
from orchestrator.claims.claim import Claim
from orchestrator.claims.verify import verify
from orchestrator.invoices.reconcile import BillQuestion, reconcile
from orchestrator.invoices.source import InvoiceLine
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.pins import pinned, unpin
from orchestrator.ledger.upkeep import sweep
from orchestrator.proof.answered import QUESTION, Answered, of_bill, of_change, of_claim, of_costs
from orchestrator.proof.replay import Outcome, Replay
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Conversion, Measure, Question
from orchestrator.state.answer import Answers
from orchestrator.state.state import State
from shared_models.errors import InvalidArgumentError, UnknownAnswerError
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter, Granularity
from tests.builders import NOW, OCTOBER, SEPTEMBER, cost_row, export_part

LATER = NOW + timedelta(days=1)


class Invoices:
    """One invoice, whose amount a test may change."""

    amount = Decimal("30.25")

    def lines(self, period: ChargePeriod, generation: int) -> Sequence[InvoiceLine]:
        return [InvoiceLine("100", "USD", self.amount)]


@dataclass
class Desk:
    """A ledger with September and October of two clouds, and everything that answers and replays."""

    ledger: Ledger
    folder: Path
    replay: Replay
    invoices: Invoices

    @property
    def engine(self) -> QueryEngine:
        return self.replay.engine

    def book(self, *rows: dict[str, object], at=LATER) -> None:
        self.ledger.adopt([export_part(self.folder, rows)], [], now=at, reason="test")

    def keep(self, answered: Answered) -> str:
        self.replay.answers.note(answered.kept(NOW))
        return answered.evidence.query_id

    def costs(self, **asked: object) -> str:
        kept: list[str] = []
        question = Question(**{"period": OCTOBER, "group_by": ("ServiceName",), **asked})
        self.engine.ask(question, keep=lambda q, a: kept.append(self.keep(of_costs(q, a))))
        return kept[0]

    def restate_october(self) -> None:
        self.book(cost_row(Cost="30"), cost_row(Cost="0.75", ServiceName="Storage"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    ledger = Ledger(tmp_path / "home")
    answers, invoices = Answers(State(ledger.home)), Invoices()
    engine = QueryEngine(ledger, BusinessConfig())
    replay = Replay(engine, FiscalCalendar(CalendarConfig()), invoices, answers)
    desk = Desk(ledger, tmp_path / "in", replay, invoices)
    azure = {"x_Provider": "azure", "BillingAccountId": "200", "BillingCurrency": "EUR"}
    desk.book(cost_row(Cost="30"), cost_row(Cost="0.25", ServiceName="Storage"), at=NOW)
    desk.book(cost_row(Cost="7", ChargePeriodStart="2026-09-01"), at=NOW)
    desk.book(cost_row(Cost="100", **azure), at=NOW)
    yield desk
    answers.close()
    ledger.close()


def test_an_answer_over_unchanged_sources_is_identical(desk: Desk) -> None:
    query_id = desk.costs(
        granularity=Granularity.MONTH,
        also=(Measure.GROSS,),
        compare_to=SEPTEMBER,
        filters=(CostFilter(column="ServiceName", operator="in", values=("Compute", "Storage")),),
        spend="without_tax",
        limit=1,
    )

    found = desk.replay.replay(query_id)

    assert (found.replayed, found.changed, set(found.difference.values())) == (Outcome.IDENTICAL, (), {Decimal(0)})


def test_a_restated_month_names_exactly_its_partition_and_the_difference(desk: Desk) -> None:
    query_id = desk.costs()
    desk.restate_october()

    found = desk.replay.replay(query_id)

    assert found.replayed is Outcome.DIFFERENT
    assert found.recorded == {"USD": Decimal("30.25"), "EUR": Decimal(100)}
    assert found.difference == {"USD": Decimal("0.5"), "EUR": Decimal(0)}
    [changed] = found.changed
    assert (changed.provider, changed.billing_account_id, changed.billing_period) == ("aws", "100", "2026-10")
    assert changed.change == {"USD": Decimal("0.5")}
    assert changed.was is not None
    assert changed.now is not None
    assert changed.was.load < changed.now.load
    assert changed.was.sha256 != changed.now.sha256


def test_a_change_elsewhere_is_no_change_of_the_answer(desk: Desk) -> None:
    query_id = desk.costs()
    desk.book(cost_row(Cost="8", ChargePeriodStart="2026-09-01"))

    found = desk.replay.replay(query_id)

    assert (found.replayed, found.changed) == (Outcome.IDENTICAL, ())
    assert found.replayed_from > found.generation


def test_a_pinned_answer_comes_back_to_the_digit_after_restatement_and_sweep(desk: Desk) -> None:
    query_id = desk.costs()
    desk.replay.pin(query_id, "2026-10 close", NOW)
    desk.restate_october()
    sweep(desk.ledger.catalog, retention=timedelta(0), now=NOW + timedelta(days=500))

    found = desk.replay.replay(query_id)

    assert (found.replayed, found.pinned_as) == (Outcome.IDENTICAL, "2026-10 close")
    assert found.replayed_from == found.generation
    assert found.now == {"USD": Decimal("30.25"), "EUR": Decimal(100)}


def test_a_pin_that_was_taken_away_is_none(desk: Desk) -> None:
    query_id = desk.costs()
    desk.replay.pin(query_id, "close", NOW)
    desk.restate_october()
    unpin(desk.ledger.catalog, "close")

    assert desk.replay.replay(query_id).replayed is Outcome.DIFFERENT


def test_a_pins_name_replays_its_answer(desk: Desk) -> None:
    query_id = desk.costs()
    desk.replay.pin(query_id, "2026-10 close", NOW)
    desk.restate_october()

    found = desk.replay.replay("2026-10 close")

    assert (found.query_id, found.replayed, found.pinned_as) == (query_id, Outcome.IDENTICAL, "2026-10 close")


def test_a_name_that_pins_several_answers_names_them(desk: Desk) -> None:
    ids = [desk.costs(), desk.costs(group_by=())]
    for query_id in ids:
        desk.replay.pin(query_id, "close", NOW)

    with pytest.raises(InvalidArgumentError, match="holds 2 answers") as refused:
        desk.replay.replay("close")

    assert all(query_id in refused.value.hint for query_id in ids)


def test_what_was_swept_cannot_be_pinned_and_a_replay_says_so(desk: Desk) -> None:
    query_id = desk.costs()
    desk.restate_october()
    sweep(desk.ledger.catalog, retention=timedelta(0), now=NOW + timedelta(days=500))

    found = desk.replay.replay(query_id)
    assert (found.replayed, found.changed) == (Outcome.DIFFERENT, ())
    assert "swept" in found.notes[0]
    with pytest.raises(InvalidArgumentError, match="swept"):
        desk.replay.pin(query_id, "close", NOW)
    assert pinned(desk.ledger.catalog) == {}


def test_one_name_pins_one_generation(desk: Desk) -> None:
    first, second = desk.costs(), desk.costs(group_by=())
    desk.replay.pin(first, "close", NOW)
    desk.replay.pin(second, "close", NOW)
    desk.restate_october()
    third = desk.costs()

    with pytest.raises(InvalidArgumentError, match="pins generation"):
        desk.replay.pin(third, "close", NOW)


def test_an_unknown_id_is_an_error_that_says_what_to_do(desk: Desk) -> None:
    with pytest.raises(UnknownAnswerError) as caught:
        desk.replay.replay("0" * 16)

    assert "same id" in caught.value.hint


def test_a_page_is_replayed_as_that_page(desk: Desk) -> None:
    first = desk.engine.ask(Question(period=OCTOBER, group_by=("ServiceName",), limit=1))
    kept: list[str] = []
    desk.engine.ask(
        Question(period=OCTOBER, group_by=("ServiceName",), limit=1),
        cursor=first.pagination.next_cursor,
        keep=lambda q, a: kept.append(desk.keep(of_costs(q, a))),
    )

    assert kept[0] != first.evidence.query_id
    assert desk.replay.replay(kept[0]).replayed is Outcome.IDENTICAL


def test_every_kind_of_answer_is_replayed_and_sees_a_restatement(desk: Desk) -> None:
    change = Question(period=OCTOBER, compare_to=SEPTEMBER, group_by=("ServiceName",))
    claim = Claim("31", "USD", OCTOBER, filters=(CostFilter(column="x_Provider", values=("aws",)),))
    bill = BillQuestion(OCTOBER, provider="aws")
    ids = [
        desk.keep(of_change(change, desk.engine.explain(change))),
        desk.keep(of_claim(claim, verify(desk.engine, desk.replay.calendar, claim))),
        desk.keep(of_bill(bill, reconcile(desk.engine, desk.invoices, bill))),
    ]
    assert [desk.replay.replay(query_id).replayed for query_id in ids] == [Outcome.IDENTICAL] * 3
    for query_id in ids:
        desk.replay.pin(query_id, "close", NOW)
    desk.restate_october()
    assert [desk.replay.replay(query_id).replayed for query_id in ids] == [Outcome.IDENTICAL] * 3

    unpin(desk.ledger.catalog, "close")

    for query_id in ids:
        found = desk.replay.replay(query_id)
        assert found.difference["USD"] == Decimal("0.5")
        assert [changed.provider for changed in found.changed] == ["aws"]


def test_an_invoice_that_changed_is_told_apart_from_data_that_changed(desk: Desk) -> None:
    bill = BillQuestion(OCTOBER)
    query_id = desk.keep(of_bill(bill, reconcile(desk.engine, desk.invoices, bill)))
    desk.invoices.amount = Decimal("30.26")

    found = desk.replay.replay(query_id)

    assert (found.replayed, found.changed) == (Outcome.DIFFERENT, ())
    assert "an invoice has changed" in found.notes[0]


def test_a_question_survives_being_kept() -> None:
    question = Question(
        period=OCTOBER,
        compare_to=SEPTEMBER,
        filters=(CostFilter(column="ServiceName", values=("Compute",)),),
        conversion=Conversion("USD", "bank"),
        offset=10,
    )

    assert QUESTION.validate_json(QUESTION.dump_json(question, exclude_defaults=True)) == question
