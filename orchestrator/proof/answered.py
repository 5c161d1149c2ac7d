"""What is kept of an answer: its question, its totals, and a digest over every figure that it showed."""

import heapq
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter

from orchestrator.claims.claim import Claim, ClaimAnswer
from orchestrator.evidence import CostEvidence
from orchestrator.invoices.answer import InvoiceAnswer
from orchestrator.invoices.reconcile import BillQuestion
from orchestrator.ledger.catalog import stamp
from orchestrator.query.answer import CostAnswer
from orchestrator.query.change import Quantities
from orchestrator.query.engine import Explained
from orchestrator.query.question import Question
from orchestrator.state.answer import Kept
from shared_models.digest import digest_of_json
from shared_models.money import plain

QUESTION: Final = TypeAdapter(Question)
CLAIM: Final = TypeAdapter(Claim)
BILL: Final = TypeAdapter(BillQuestion)

_MOVERS: Final = 1_000
"""So many of the largest movers are in the digest of a change; there may be a hundred thousand groups."""
_COSTS: Final = {"buckets", "totals", "data", "other", "unallocated", "earlier"}
_CLAIM: Final = {"figure", "readings"}
_BILL: Final = {"totals", "data"}


@dataclass(frozen=True)
class Answered:
    """One answer: `totals` are its main figure in each currency, `digest` stands for all of its figures."""

    tool: str
    question: str
    evidence: CostEvidence
    totals: Mapping[str, Decimal]
    digest: str

    def kept(self, now: datetime) -> Kept:
        """The row that is written of it."""
        figures = {"totals": {name: plain(amount) for name, amount in self.totals.items()}, "digest": self.digest}
        return Kept(
            query_id=self.evidence.query_id,
            tool=self.tool,
            question=self.question,
            generation=self.evidence.snapshot,
            sources=self.evidence.sources,
            figures=json.dumps(figures, separators=(",", ":")),
            answered_at=stamp(now),
        )


def kept_figures(kept: Kept) -> tuple[dict[str, Decimal], str]:
    """(totals, digest) of a row."""
    figures = json.loads(kept.figures)
    return {name: Decimal(amount) for name, amount in figures["totals"].items()}, figures["digest"]


def of_costs(question: Question, answer: CostAnswer) -> Answered:
    """An answer of `query_costs`."""
    totals = {total.currency: total.amount for total in answer.totals}
    figures = answer.model_dump(mode="json", include=_COSTS)
    return Answered("query_costs", _text(QUESTION, question), answer.evidence, totals, _digest(figures))


def of_change(question: Question, explained: Explained) -> Answered:
    """An answer of `explain_change`; its main figure is the change."""
    totals: dict[str, Decimal] = {}
    for group in explained.groups:
        totals[group.currency] = totals.get(group.currency, Decimal(0)) + group.after - group.before
    figures = [
        f"{group.keys} {group.currency} {plain(group.before)} {plain(group.after)}"
        for group in heapq.nsmallest(_MOVERS, explained.groups, key=_by_change)
    ]
    return Answered("explain_change", _text(QUESTION, question), explained.evidence, totals, _digest(figures))


def of_claim(claim: Claim, answer: ClaimAnswer) -> Answered:
    """An answer of `verify_claim`; its main figure is the right one, not the claim."""
    totals = {answer.currency: answer.figure}
    figures = answer.model_dump(mode="json", include=_CLAIM)
    return Answered("verify_claim", _text(CLAIM, claim), answer.evidence, totals, _digest(figures))


def of_bill(question: BillQuestion, answer: InvoiceAnswer) -> Answered:
    """An answer of `reconcile_invoice`; its main figure is BilledCost."""
    totals = {total.currency: total.billed for total in answer.totals}
    figures = answer.model_dump(mode="json", include=_BILL)
    return Answered("reconcile_invoice", _text(BILL, question), answer.evidence, totals, _digest(figures))


def _by_change(group: Quantities) -> tuple[Decimal, str, tuple[str, ...]]:
    return (-abs(group.after - group.before), group.currency, tuple(key or "" for key in group.keys))


def _text(adapter: TypeAdapter[Any], question: object) -> str:
    return adapter.dump_json(question, exclude_defaults=True).decode()


def _digest(figures: Mapping[str, Any] | Sequence[str]) -> str:
    return digest_of_json(figures, 16)
