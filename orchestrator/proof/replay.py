"""Replay an answer: from its pinned generation it must come out the same, from the current one the change is named."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.business.calendar import FiscalCalendar
from orchestrator.claims.verify import verify
from orchestrator.invoices.reconcile import reconcile
from orchestrator.invoices.source import InvoiceSource
from orchestrator.ledger.loads import Load
from orchestrator.ledger.pins import pin, pinned
from orchestrator.ledger.snapshot import sources_digest
from orchestrator.proof.answered import (
    BILL,
    CLAIM,
    QUESTION,
    Answered,
    kept_figures,
    of_bill,
    of_change,
    of_claim,
    of_costs,
)
from orchestrator.proof.changes import PartitionChange, changed_partitions
from orchestrator.query.bill import bill_snapshot
from orchestrator.query.engine import QueryEngine
from orchestrator.state.answer import Answers, Kept
from shared_models.base import WireModel
from shared_models.errors import InvalidArgumentError, SnapshotExpiredError, UnknownAnswerError
from shared_models.export import CostBasis
from shared_models.money import ExactDecimal
from shared_models.untrusted import safe_text

Optional = SkipJsonSchema[None]
_LISTED: Final = 20


class Outcome(StrEnum):
    """How a replay compares with what was answered."""

    IDENTICAL = "identical"
    DIFFERENT = "different"


class Replayed(WireModel):
    """A replay; per currency, replayed - recorded = difference."""

    notes: tuple[str, ...]
    query_id: str
    tool: str
    answered_at: str
    replayed: Outcome
    generation: int = Field(description="Generation that was answered from")
    replayed_from: int = Field(description="Generation that the replay read")
    pinned_as: str | Optional = None
    recorded: dict[str, ExactDecimal]
    now: dict[str, ExactDecimal]
    difference: dict[str, ExactDecimal]
    changed: tuple[PartitionChange, ...] = Field(description="Partitions that are not what they were")


@dataclass(frozen=True)
class Replay:
    """Replays over one ledger with its state and invoices."""

    engine: QueryEngine
    calendar: FiscalCalendar
    invoices: InvoiceSource
    answers: Answers

    def pin(self, query_id: str, name: str, now: datetime) -> None:
        """Keep the generation of an answer under a name; several answers of one generation may share it.

        Raises:
            UnknownAnswerError: there is no such answer.
            InvalidArgumentError: the name holds another generation, or the answer's sources are gone already.

        """
        kept = self._find(query_id)
        catalog = self.engine.ledger.catalog
        held = pinned(catalog).get(name)
        if held is not None and held != kept.generation:
            raise InvalidArgumentError(
                "pin_as", f"{name!r} pins generation {held} already.", hint="Choose another name."
            )
        if not self._intact(kept):
            raise InvalidArgumentError(
                "pin_as", "The sources of this answer were swept, so it cannot be pinned.", hint="Ask anew, then pin."
            )
        pin(catalog, name, kept.generation, now)
        self.answers.hold(kept.query_id, name)

    def replay(self, query_id: str) -> Replayed:
        """The answer again: from its own generation where it is pinned, else from the current one.

        A pin's name stands for the answer that it pins.

        Raises:
            UnknownAnswerError: there is no such answer.
            InvalidArgumentError: the name pins several answers, or none.
            DataNotReadyError: the ledger holds nothing any more.

        """
        kept = self._find(query_id)
        is_pinned = kept.pinned_as is not None and pinned(self.engine.ledger.catalog).get(kept.pinned_as) is not None
        again = _ANSWER[kept.tool](self, kept.question, kept.generation if is_pinned else None)
        recorded, digest = kept_figures(kept)
        same = recorded == dict(again.totals) and digest == again.digest
        changed = self._changed(kept, again)
        return Replayed(
            notes=self._notes(kept, again, same=same, changed=changed),
            query_id=kept.query_id,
            tool=f"finops_{kept.tool}",
            answered_at=kept.answered_at,
            replayed=Outcome.IDENTICAL if same else Outcome.DIFFERENT,
            generation=kept.generation,
            replayed_from=again.evidence.snapshot,
            pinned_as=kept.pinned_as if is_pinned else None,
            recorded=recorded,
            now=dict(again.totals),
            difference=_difference(recorded, again.totals),
            changed=changed[:_LISTED],
        )

    def loads(self, kept: Kept, generation: int) -> tuple[Load, ...]:
        """The loads that the question of an answer reads in a generation."""
        snapshot = self.engine.ledger.snapshot(generation=generation)
        match kept.tool:
            case "verify_claim":
                return snapshot.touching([CLAIM.validate_json(kept.question).period])
            case "reconcile_invoice":
                return bill_snapshot(snapshot, BILL.validate_json(kept.question).billing_period.start).booked
            case _:
                return snapshot.touching(QUESTION.validate_json(kept.question).periods)

    def _find(self, query_id: str) -> Kept:
        kept = self.answers.find(query_id)
        return kept if kept is not None else self._named(query_id)

    def _named(self, name: str) -> Kept:
        """The one answer that a pin of this name holds."""
        found = self.answers.pinned_as(name)
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(f"{kept.query_id} ({kept.tool})" for kept in found[:_LISTED])
            raise InvalidArgumentError(
                "query_id", f"The pin {safe_text(name)!r} holds {len(found)} answers.", hint=f"Give one of {ids}."
            )
        raise UnknownAnswerError(name)

    def _intact(self, kept: Kept) -> bool:
        try:
            return sources_digest(self.loads(kept, kept.generation)) == kept.sources
        except SnapshotExpiredError:
            return False

    def _changed(self, kept: Kept, again: Answered) -> tuple[PartitionChange, ...]:
        if again.evidence.sources == kept.sources or not self._intact(kept):
            return ()
        was, now = self.loads(kept, kept.generation), self.loads(kept, again.evidence.snapshot)
        return changed_partitions(self.engine.ledger.catalog, was, now, _metric(kept))

    def _notes(self, kept: Kept, again: Answered, *, same: bool, changed: Sequence[PartitionChange]) -> tuple[str, ...]:
        notes: list[str] = []
        if again.evidence.sources != kept.sources and not changed:
            notes.append("What this answer was made of was swept since; only the figures can be compared.")
        if again.evidence.query_id != kept.query_id and again.evidence.sources == kept.sources:
            notes.append("The same sources are read otherwise now: the configuration or an invoice has changed.")
        if changed and same:
            notes.append("The partitions that changed do not touch these figures.")
        if len(changed) > _LISTED:
            notes.append(f"{len(changed)} partitions changed; the first {_LISTED} are listed.")
        return tuple(notes)


def _metric(kept: Kept) -> CostBasis:
    match kept.tool:
        case "verify_claim":
            return CLAIM.validate_json(kept.question).metric
        case "reconcile_invoice":
            return CostBasis.BILLED
        case _:
            return QUESTION.validate_json(kept.question).metric


def _difference(recorded: Mapping[str, Decimal], now: Mapping[str, Decimal]) -> dict[str, Decimal]:
    none = Decimal(0)
    return {name: now.get(name, none) - recorded.get(name, none) for name in sorted({*recorded, *now})}


def _costs(replay: Replay, said: str, generation: int | None) -> Answered:
    question = QUESTION.validate_json(said)
    return of_costs(question, replay.engine.ask(question, generation=generation))


def _change(replay: Replay, said: str, generation: int | None) -> Answered:
    question = QUESTION.validate_json(said)
    return of_change(question, replay.engine.explain(question, generation=generation))


def _claim(replay: Replay, said: str, generation: int | None) -> Answered:
    claim = CLAIM.validate_json(said)
    return of_claim(claim, verify(replay.engine, replay.calendar, claim, generation=generation))


def _bill(replay: Replay, said: str, generation: int | None) -> Answered:
    question = BILL.validate_json(said)
    return of_bill(question, reconcile(replay.engine, replay.invoices, question, generation=generation))


_ANSWER: Final[Mapping[str, Callable[[Replay, str, int | None], Answered]]] = {
    "query_costs": _costs,
    "explain_change": _change,
    "verify_claim": _claim,
    "reconcile_invoice": _bill,
}
