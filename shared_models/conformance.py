"""What a conformance check says: every rule of a FOCUS requirements model with its outcome on one set of rows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import computed_field

from shared_models.base import WireModel
from shared_models.money import ExactDecimal


class Demand(StrEnum):
    """How strongly a rule asks; MUST NOT counts as MUST, RECOMMENDED as SHOULD."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Outcome(StrEnum):
    """What came of a rule."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    KNOWN_BAD = "known-bad"


class RuleResult(WireModel):
    """One rule on one set of rows; a skipped or known-bad rule says why."""

    rule_id: str
    column: str
    rule: str
    demand: Demand
    outcome: Outcome
    composite: bool = False
    reason: str = ""
    rows: int = 0
    example_row: int | None = None
    example_value: str | None = None


class ConformanceReport(WireModel):
    """How one set of rows stands to one version of FOCUS."""

    name: str
    model: str
    dataset: str
    rows: int
    results: tuple[RuleResult, ...]

    def count(self, outcome: Outcome) -> int:
        """How many single rules came out so; a composite only repeats what its parts say."""
        return Counter(result.outcome for result in self.results if not result.composite)[outcome]

    @computed_field
    @property
    def passed(self) -> int:
        """Single rules that every row meets."""
        return self.count(Outcome.PASSED)

    @computed_field
    @property
    def failed(self) -> int:
        """Single rules that some row breaks, whatever they demand."""
        return self.count(Outcome.FAILED)

    @computed_field
    @property
    def skipped(self) -> int:
        """Single rules that could not be decided, or do not apply."""
        return self.count(Outcome.SKIPPED)

    @computed_field
    @property
    def known_bad(self) -> int:
        """Single rules whose published form is wrong."""
        return self.count(Outcome.KNOWN_BAD)

    @computed_field
    @property
    def score(self) -> ExactDecimal:
        """Per cent of the decided MUST rules that passed; 0 when nothing could be decided."""
        decided = [
            result.outcome
            for result in self.results
            if result.demand is Demand.MUST
            and not result.composite
            and result.outcome in {Outcome.PASSED, Outcome.FAILED}
        ]
        if not decided:
            return Decimal(0)
        share = Decimal(100 * decided.count(Outcome.PASSED)) / Decimal(len(decided))
        return share.quantize(Decimal("0.01"))

    @property
    def failures(self) -> tuple[RuleResult, ...]:
        """Single rules that are broken: MUST before SHOULD, the most rows first."""
        broken = [one for one in self.results if one.outcome is Outcome.FAILED and not one.composite]
        return tuple(sorted(broken, key=lambda one: (one.demand is not Demand.MUST, -one.rows, one.rule_id)))

    @property
    def conforms(self) -> bool:
        """True when no MUST rule is broken."""
        return not any(one.demand is Demand.MUST for one in self.failures)


class ConformanceFact(WireModel):
    """One rule on one bill, as a row of the table `conformance`; a skipped or known-bad rule says why."""

    provider: str
    billing_account_id: str
    billing_period_start: datetime
    source_key: str
    source_format: str
    bill_sha256: str
    model: str
    dataset: str
    rule_id: str
    column_name: str
    rule: str
    demand: Demand
    status: Outcome
    composite: bool
    reason: str
    rows_checked: int
    rows_failing: int
    example_row: int | None = None
    example_value: str | None = None


def reports_of(facts: Iterable[ConformanceFact], names: Mapping[str, str]) -> list[ConformanceReport]:
    """The reports behind the facts, in the order of `names`: the bill's SHA-256 -> what to call it."""
    by_bill: dict[str, dict[str, ConformanceFact]] = {sha256: {} for sha256 in names}
    for fact in facts:
        if fact.bill_sha256 in by_bill:  # one bill may have come from two sources
            by_bill[fact.bill_sha256][fact.rule_id] = fact
    return [_report(names[sha256], tuple(own.values())) for sha256, own in by_bill.items() if own]


def _report(name: str, facts: tuple[ConformanceFact, ...]) -> ConformanceReport:
    return ConformanceReport(
        name=name,
        model=facts[0].model,
        dataset=facts[0].dataset,
        rows=facts[0].rows_checked,
        results=tuple(_result(fact) for fact in facts),
    )


def _result(fact: ConformanceFact) -> RuleResult:
    return RuleResult(
        rule_id=fact.rule_id,
        column=fact.column_name,
        rule=fact.rule,
        demand=fact.demand,
        outcome=fact.status,
        composite=fact.composite,
        reason=fact.reason,
        rows=fact.rows_failing,
        example_row=fact.example_row,
        example_value=fact.example_value,
    )
