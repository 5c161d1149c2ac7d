"""Verify a claim: ask the ledger exactly what was claimed, and where the figure does not fit, what would."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Final

from orchestrator.business.calendar import FiscalCalendar
from orchestrator.claims.amount import read_amount, read_tolerance
from orchestrator.claims.claim import Claim, ClaimAnswer, Verdict
from orchestrator.claims.periods import other_periods
from orchestrator.claims.readings import CUT, Candidate, closest, of_period, parts_of
from orchestrator.query.answer import CostAnswer
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Conversion, Measure, Question
from shared_models.coverage import Coverage, Gap
from shared_models.errors import InvalidArgumentError, UnknownValueError
from shared_models.export import CostBasis
from shared_models.money import plain
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter, FilterOperator

Cut = Callable[[Question, str | None], list[Candidate]]
"""From a question, and what its reading is called, to the figures that it gives."""

_ALL: Final = 100_000
_BY_BILL: Final = "by billing period, not charge period"
_BILLING_REACH: Final = timedelta(days=100)
"""How far before its billing period a charge may lie to be looked for: late charges and corrections."""


def verify(
    engine: QueryEngine,
    calendar: FiscalCalendar,
    claim: Claim,
    *,
    generation: int | None = None,
    expected: Sequence[str] = (),
) -> ClaimAnswer:
    """The verdict on a claim. Where something that it covers is missing from the ledger, nothing can be said.

    Raises:
        RequestError: the claim is not a figure, or names something that does not exist.
        DataNotReadyError: the ledger holds nothing yet.

    """
    claimed, half_unit = read_amount(claim.amount)
    tolerance = read_tolerance(claim.tolerance, half_unit)
    snapshot = engine.snapshot(generation=generation)
    billed_in = {currency for load in snapshot.booked for currency in load.currencies}
    if claim.rates is None and claim.currency not in billed_in:
        raise InvalidArgumentError(
            "currency",
            f"Nothing is billed in {claim.currency!r}.",
            hint=f"Billed: {', '.join(sorted(billed_in))}. For a converted figure name its rates.",
        )
    question = _question(claim)
    answer = engine.ask(question, generation=snapshot.generation, expected=expected)
    figure = next((t.amount for t in answer.totals if t.currency == claim.currency), claimed * 0)
    gaps = tuple(gap for gap in answer.coverage.gaps if _concerns(gap, claim.filters))
    fits = tolerance.allows(claimed, figure)
    verdict = Verdict.SUPPORTED if fits else Verdict.NOT_SUPPORTED
    readings = () if fits else closest(_candidates(engine, calendar, claim, answer), claimed, figure, tolerance)
    return ClaimAnswer(
        notes=_notes(claim, answer, gaps, fits=fits),
        verdict=Verdict.CANNOT_SAY if gaps else verdict,
        claimed=claimed,
        figure=figure,
        difference=claimed - figure,
        tolerance=tolerance.around(figure),
        currency=claim.currency,
        metric=claim.metric,
        period=claim.period,
        spend=answer.spend,
        readings=readings,
        coverage=Coverage(complete=not gaps, answered=answer.coverage.answered, gaps=gaps),
        evidence=answer.evidence.derived("verify_claim", plain(claimed), claim.currency, tolerance, complete=not gaps),
    )


def _question(claim: Claim) -> Question:
    return Question(
        period=claim.period,
        metric=claim.metric,
        filters=claim.filters,
        spend=claim.spend,
        conversion=Conversion(claim.currency, claim.rates) if claim.rates else None,
    )


def _candidates(engine: QueryEngine, calendar: FiscalCalendar, claim: Claim, answer: CostAnswer) -> Iterator[Candidate]:
    """Every other reading, from one query for each period, spend definition, filter and rate table."""
    generation, metric = answer.evidence.snapshot, claim.metric
    beside = tuple(Measure(basis.value) for basis in CostBasis if basis is not metric)
    asked = replace(_question(claim), group_by=CUT, also=beside, limit=_ALL)

    def cut(question: Question, label: str | None) -> list[Candidate]:
        found = engine.ask(question, generation=generation)
        short = label is not None and label != _BY_BILL and not found.coverage.complete
        said = f"{label} (incomplete data)" if short else label
        return of_period(parts_of(found), claim.currency, metric, said)

    yield from cut(asked, None)
    if claim.spend not in {None, "total"}:
        total = replace(asked, spend=None)
        yield from cut(total, f"total spend, not {claim.spend}")
        yield from cut(total, None)
    for label, period in other_periods(claim.period, calendar).items():
        yield from cut(replace(asked, period=period), label)
    if claim.filters:
        yield from cut(replace(asked, filters=()), "without the filter")
    yield from _by_billing_period(cut, asked)
    yield from _converted(engine, claim, generation)


def _by_billing_period(cut: Cut, asked: Question) -> list[Candidate]:
    """The bill of that month instead of its charges: October's bill holds late charges of September."""
    month = ChargePeriod.month(asked.period.start.year, asked.period.start.month)
    if asked.period != month:
        return []
    start = month.start.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    bill = replace(
        asked,
        period=ChargePeriod(start=month.start - _BILLING_REACH, end=month.end + _BILLING_REACH),
        filters=(*asked.filters, CostFilter(column="BillingPeriodStart", values=(start,))),
    )
    try:
        return cut(bill, _BY_BILL)
    except UnknownValueError:
        return []


def _converted(engine: QueryEngine, claim: Claim, generation: int) -> Iterator[Candidate]:
    """All currencies together at each rate table; for a claim that is converted, its own currency alone."""
    unconverted = replace(_question(claim), conversion=None)
    if claim.rates:
        tables: dict[str, Conversion | None] = {f"{claim.currency} alone, unconverted": None}
    else:
        tables = {f"all currencies at rates {name}": Conversion(claim.currency, name) for name in engine.business.rates}
    for label, conversion in tables.items():
        try:
            totals = engine.ask(replace(unconverted, conversion=conversion), generation=generation).totals
        except InvalidArgumentError:  # the table does not lead there
            continue
        for total in totals:
            if total.currency == claim.currency:
                yield Candidate((label,), total.amount)


def _concerns(gap: Gap, filters: Sequence[CostFilter]) -> bool:
    """Whether a gap touches what the filters let through; only a filter on the cloud can rule that out."""
    for condition in filters:
        if condition.column in {"x_Provider", "provider"}:
            named = gap.source in condition.values
            if condition.operator in {FilterOperator.EQUALS, FilterOperator.IN} and not named:
                return False
            if condition.operator is FilterOperator.NOT_IN and named:
                return False
    return True


def _notes(claim: Claim, answer: CostAnswer, gaps: Sequence[Gap], *, fits: bool) -> tuple[str, ...]:
    notes = [f"{gap.source}: {gap.message}" for gap in gaps]
    if gaps:
        notes.append("Over the data at hand the claim " + ("fits." if fits else "does not fit."))
    every = {f"{gap.source}: {gap.message}" for gap in answer.coverage.gaps}
    notes += [note for note in answer.notes if note not in every]
    beside = [f"{plain(t.amount)} {t.currency}" for t in answer.totals if t.currency != claim.currency and t.amount]
    if beside:
        notes.append(f"Charges in other currencies are not in the figure: {', '.join(beside)}.")
    return tuple(notes)
