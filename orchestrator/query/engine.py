"""The query engine: a question in, an answer with its coverage and evidence out. Knows no MCP."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from orchestrator.business.config import AccountRecord, BusinessConfig
from orchestrator.evidence import CostEvidence
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.query.answer import CostAnswer
from orchestrator.query.change import Quantities, quantities
from orchestrator.query.coverage import coverage_of, freshness_of
from orchestrator.query.dimensions import DimensionCatalog
from orchestrator.query.plan import Planner
from orchestrator.query.question import Measure, Question
from orchestrator.query.run import evidence_of, run, shown_keys
from orchestrator.query.values import ValueIndex
from shared_models.coverage import Coverage, Freshness
from shared_models.errors import CursorError, DataNotReadyError, LedgerCorruptError
from shared_models.export import CostBasis
from shared_models.page import Pagination, decode_cursor, encode_cursor, question_digest
from shared_models.period import ChargePeriod, instant_text

Keep = Callable[[Question, CostAnswer], None]
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Explained:
    """The groups behind a change, with what they rest on."""

    groups: tuple[Quantities, ...]
    notes: tuple[str, ...]
    coverage: Coverage
    freshness: tuple[Freshness, ...]
    evidence: CostEvidence


class QueryEngine:
    """Answers questions over one ledger with one business configuration."""

    def __init__(
        self,
        ledger: Ledger,
        business: BusinessConfig,
        organisation: Sequence[AccountRecord] = (),
        accounts: dict[str, int] | None = None,
    ) -> None:
        self.ledger = ledger
        self.business = business
        self.catalog = DimensionCatalog(business, organisation)
        self._accounts = accounts or {}

    def ask(
        self,
        question: Question,
        *,
        cursor: str | None = None,
        as_of: datetime | None = None,
        generation: int | None = None,
        expected: Sequence[str] = (),
        keep: Keep | None = None,
    ) -> CostAnswer:
        """Costs as asked; a provider that is `expected` and not in the ledger is a gap. `keep` sees what was answered.

        Raises:
            RequestError: the question names something that does not exist, or a cursor that does not fit.
            DataNotReadyError: the ledger holds nothing yet.
            SnapshotExpiredError: the cursor's or the time's snapshot is no longer kept.

        """
        digest = question_digest(repr(question), as_of)
        if cursor is not None:
            offset, begun = decode_cursor(cursor, digest=digest)
            question, generation = replace(question, offset=offset), _generation(begun)
        snapshot = self.snapshot(as_of, generation)
        answer = self._mended(lambda: self._ask(question, snapshot, digest, expected))
        if keep is not None:
            keep(question, answer)
        return answer

    def _ask(self, question: Question, snapshot: Snapshot, digest: str, expected: Sequence[str]) -> CostAnswer:
        planner = Planner(self.ledger, snapshot, self.business, self.catalog)
        planned = planner.plan(question)
        result = run(self.ledger, snapshot, planned, ValueIndex(self.ledger, snapshot, self.catalog))
        coverage, notes = self._covered(snapshot, question, _bases(question), expected)
        following = encode_cursor(question.offset + question.limit, digest=digest, snapshot=str(snapshot.generation))
        return CostAnswer(
            notes=notes,
            metric=question.metric,
            period=question.period,
            compare_to=question.compare_to,
            group_by=question.group_by,
            granularity=question.granularity,
            buckets=result.buckets,
            spend=question.spend or "total",
            rates=question.conversion.table if question.conversion else None,
            converted_from=result.converted_from,
            totals=result.totals,
            data=result.data,
            other=result.other,
            unallocated=result.unallocated,
            earlier=result.earlier,
            pagination=Pagination(
                next_cursor=following if result.has_more else None,
                has_more=result.has_more,
                total_estimate=max((total.groups for total in result.totals), default=0),
            ),
            coverage=coverage,
            freshness=freshness_of(planned.loads),
            evidence=result.evidence.model_copy(update={"complete": coverage.complete}),
        )

    def explain(
        self,
        question: Question,
        *,
        as_of: datetime | None = None,
        generation: int | None = None,
        expected: Sequence[str] = (),
    ) -> Explained:
        """The groups of a comparison with costs and quantities of both periods, from the line items.

        Raises:
            RequestError: the question names something that does not exist.
            DataNotReadyError: the ledger holds nothing yet.
            SnapshotExpiredError: the time's snapshot is no longer kept.

        """
        return self._mended(lambda: self._explain(question, as_of, generation, expected))

    def _explain(
        self, question: Question, as_of: datetime | None, generation: int | None, expected: Sequence[str]
    ) -> Explained:
        snapshot = self.snapshot(as_of, generation)
        planned = Planner(self.ledger, snapshot, self.business, self.catalog).plan(question, line_items=True)
        values = ValueIndex(self.ledger, snapshot, self.catalog)
        groups = [
            replace(group, keys=shown_keys(group.keys, planned.plan.dimensions, values, question.period.end))
            for group in quantities(self.ledger, planned.plan)
        ]
        coverage, notes = self._covered(snapshot, question, [question.metric], expected)
        lines = sum(group.lines_before + group.lines_after for group in groups)
        return Explained(
            groups=tuple(groups),
            notes=notes,
            coverage=coverage,
            freshness=freshness_of(planned.loads),
            evidence=evidence_of(snapshot, planned, lines, "explain_change").model_copy(
                update={"complete": coverage.complete}
            ),
        )

    def _covered(
        self, snapshot: Snapshot, question: Question, bases: Sequence[CostBasis], expected: Sequence[str]
    ) -> tuple[Coverage, tuple[str, ...]]:
        """The coverage of the period, and of the one that it is compared with: a change is known where both are."""
        coverage, notes = self._covered_in(question.period, snapshot, bases, expected)
        if question.compare_to is None:
            return coverage, notes
        other, said = self._covered_in(question.compare_to, snapshot, bases, expected)
        span = f"{instant_text(question.compare_to.start)} to {instant_text(question.compare_to.end)}"
        gaps = [gap.model_copy(update={"message": f"{gap.message} (in {span})"}) for gap in other.gaps]
        return (
            Coverage(
                complete=coverage.complete and other.complete,
                answered=tuple(sorted({*coverage.answered, *other.answered})),
                gaps=(*coverage.gaps, *gaps),
            ),
            (*notes, *(f"{note} (in {span})" for note in said)),
        )

    def _covered_in(
        self, period: ChargePeriod, snapshot: Snapshot, bases: Sequence[CostBasis], expected: Sequence[str]
    ) -> tuple[Coverage, tuple[str, ...]]:
        return coverage_of(snapshot, snapshot.touching([period]), period, bases, self._accounts, expected)

    def _mended(self, answer: Callable[[], _Answer]) -> _Answer:
        """The answer; once more where cubes were damaged and are made again from their facts."""
        try:
            return answer()
        except LedgerCorruptError:
            if not self.ledger.mend():
                raise
            return answer()

    def snapshot(self, as_of: datetime | None = None, generation: int | None = None) -> Snapshot:
        """The snapshot that a question is asked of: the newest, unless it names a time or a generation.

        Raises:
            DataNotReadyError: it holds no costs.
            SnapshotExpiredError: it is no longer kept.

        """
        snapshot = self.ledger.snapshot(as_of=as_of if generation is None else None, generation=generation)
        if not snapshot.booked:
            when = f" as of {as_of:%Y-%m-%d}" if as_of else ""
            raise DataNotReadyError(
                f"The ledger holds no costs{when}.",
                hint="Run finops_sync, or `skyledger import PATH --provider NAME`, or start with --sample.",
            )
        return snapshot


def _generation(said: str | None) -> int | None:
    if said is not None and not said.isdecimal():
        raise CursorError("This cursor is damaged.")
    return int(said) if said else None


def _bases(question: Question) -> tuple[CostBasis, ...]:
    beside = [CostBasis(m.value) for m in question.also if m not in {Measure.GROSS, Measure.CREDITS}]
    return tuple(dict.fromkeys([question.metric, *beside]))
