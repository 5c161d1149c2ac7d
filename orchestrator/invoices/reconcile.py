"""Reconcile one billing period: every payer, seller and currency, from EffectiveCost over BilledCost to the invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from orchestrator.invoices.answer import InvoiceAnswer, InvoiceBridge, InvoiceTotal
from orchestrator.invoices.bridge import bridge, effective
from orchestrator.invoices.judge import InvoiceState, Judged, judge
from orchestrator.invoices.match import Unit, units_of
from orchestrator.invoices.remainder import look_alikes
from orchestrator.invoices.source import InvoiceLine, InvoiceSource
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.query.bill import BillPart, bill_parts, bill_snapshot, plan_bill
from orchestrator.query.coverage import bill_coverage
from orchestrator.query.engine import QueryEngine
from orchestrator.query.plan import Planned, Planner
from orchestrator.query.run import evidence_of
from shared_models.coverage import Coverage
from shared_models.errors import InvalidPeriodError
from shared_models.money import plain
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter
from shared_models.untrusted import safe_text

_BASIS: Final = "EffectiveCost to BilledCost"
_WORST_FIRST: Final = {state: rank for rank, state in enumerate(InvoiceState)}


@dataclass(frozen=True)
class BillQuestion:
    """Which bills are reconciled: a billing period, of all payers or some."""

    billing_period: ChargePeriod
    billing_account: str | None = None
    provider: str | None = None
    limit: int = 5

    @property
    def filters(self) -> tuple[CostFilter, ...]:
        """The same as filters of a cost question."""
        named = (("BillingAccountId", self.billing_account), ("x_Provider", self.provider))
        return tuple(CostFilter(column=column, values=(value,)) for column, value in named if value is not None)


def reconcile(
    engine: QueryEngine,
    source: InvoiceSource,
    question: BillQuestion,
    *,
    generation: int | None = None,
    expected: Sequence[str] = (),
) -> InvoiceAnswer:
    """The bridge of every invoice of a billing period, the worst first.

    Raises:
        RequestError: the period is not one billing month, or a payer or cloud does not exist.
        DataNotReadyError: the ledger holds no bill of that period.
        UnreadableExportError: an invoice is there and cannot be read.

    """
    period = question.billing_period
    if period != ChargePeriod.month(period.start.year, period.start.month):
        raise InvalidPeriodError("A billing period is one calendar month.", hint="For example 2026-10.")
    snapshot = engine.snapshot(generation=generation)
    bill = bill_snapshot(snapshot, period.start)
    planned = plan_bill(Planner(engine.ledger, bill, engine.business, engine.catalog), bill, question.filters)
    parts = bill_parts(engine.ledger, planned, period)
    lines = _lines_of(question, source.lines(period, snapshot.generation), parts)
    judged = [(unit, judge(unit)) for unit in units_of(parts, lines)]
    judged.sort(key=lambda pair: (_WORST_FIRST[pair[1].state], -abs(pair[1].unexplained), pair[0].billing_account_id))
    listed = judged[: question.limit]
    every = _by_sub_account(engine, planned, period) if any(found.unexplained for _, found in listed) else []
    coverage = bill_coverage(bill, period, _wanted(question, bill, snapshot, expected))
    evidence = evidence_of(bill, planned, sum(part.lines for part in parts))
    return InvoiceAnswer(
        notes=(*_notes(period, parts, coverage), *_replaced(lines), *_absent_payers(question, bill, snapshot)),
        billing_period=period,
        totals=_totals(judged),
        data=tuple(_bridge(unit, found, every) for unit, found in listed),
        not_listed=len(judged) - len(listed),
        coverage=coverage,
        evidence=evidence.derived(
            "reconcile_invoice", question, *sorted(map(repr, lines)), complete=coverage.complete, basis=_BASIS
        ),
    )


def _lines_of(question: BillQuestion, lines: Sequence[InvoiceLine], parts: Sequence[BillPart]) -> Sequence[InvoiceLine]:
    """The lines that the question is about; an invoice says no cloud, so there its payer's line items decide."""
    payers = {part.billing_account_id for part in parts}
    if question.billing_account is not None:
        payers = {question.billing_account}
    elif question.provider is None:
        return lines
    return [line for line in lines if line.billing_account_id in payers]


def _by_sub_account(engine: QueryEngine, planned: Planned, period: ChargePeriod) -> list[BillPart]:
    return bill_parts(engine.ledger, planned, period, by_sub_account=True)


def _wanted(question: BillQuestion, bill: Snapshot, snapshot: Snapshot, expected: Sequence[str]) -> set[str]:
    """The clouds whose bill the question needs."""
    if question.provider is not None:
        return {question.provider}
    if question.billing_account is not None:
        return {load.provider for load in bill.booked if load.billing_account_id == question.billing_account}
    return {*snapshot.providers, *expected}


def _bridge(unit: Unit, judged: Judged, every: Sequence[BillPart]) -> InvoiceBridge:
    invoiced = judged.invoiced is not None
    return InvoiceBridge(
        billing_account_id=safe_text(unit.billing_account_id),
        seller=safe_text(unit.seller) if unit.seller else None,
        invoice_id=safe_text(unit.invoice_id) if unit.invoice_id else None,
        currency=unit.currency,
        state=judged.state,
        effective=effective(unit.parts),
        steps=bridge(unit.parts),
        billed=judged.billed,
        corrections_not_invoiced=judged.corrections or None,
        tax_difference=judged.tax or None,
        rounding=judged.rounding if invoiced else None,
        unexplained=judged.unexplained if invoiced else None,
        invoiced=judged.invoiced,
        focus_tolerance=judged.tolerance,
        line_items=judged.lines,
        look_alikes=look_alikes(unit, judged, every) or None,
    )


def _totals(judged: Sequence[tuple[Unit, Judged]]) -> tuple[InvoiceTotal, ...]:
    totals: list[InvoiceTotal] = []
    for currency in sorted({unit.currency for unit, _ in judged}):
        own = [(unit, found) for unit, found in judged if unit.currency == currency]
        states = [found.state for _, found in own]
        invoiced = [found for _, found in own if found.invoiced is not None]
        totals.append(
            InvoiceTotal(
                currency=currency,
                effective=sum((effective(unit.parts) for unit, _ in own), Decimal(0)),
                billed=sum((found.billed for _, found in own), Decimal(0)),
                invoiced=sum((found.invoiced or Decimal(0) for found in invoiced), Decimal(0)) if invoiced else None,
                unexplained=sum((found.unexplained for found in invoiced), Decimal(0)) if invoiced else None,
                states={state.value: states.count(state) for state in InvoiceState if state in states},
            )
        )
    return tuple(totals)


def _notes(period: ChargePeriod, parts: Sequence[BillPart], coverage: Coverage) -> list[str]:
    """By billing period, and what that brings in from other months; then what is missing."""
    outside: dict[str, Decimal] = {}
    for part in parts:
        if part.outside:
            outside[part.currency] = outside.get(part.currency, Decimal(0)) + part.billed
    lines = sum(part.lines for part in parts if part.outside)
    amounts = ", ".join(f"{plain(amount)} {currency}" for currency, amount in sorted(outside.items()))
    note = f"By billing period {period.start:%Y-%m}, as invoices are, not by charge period"
    brought = f"; line items of other months on these bills: {lines} ({amounts})." if lines else "."
    return [note + brought, *(f"{gap.source}: {gap.message}" for gap in coverage.gaps)]


def _replaced(lines: Sequence[InvoiceLine]) -> list[str]:
    """Where the owner's invoices folder stands in for Invoice Detail that the ledger holds."""
    return [
        f"Payer {safe_text(line.billing_account_id)}, {safe_text(line.currency)}"
        + (f", invoice {safe_text(line.invoice_id)}" if line.invoice_id else ", a total without an invoice id")
        + f": the invoices folder is read, and not the Invoice Detail in the ledger ({plain(line.instead_of)})."
        for line in lines
        if line.instead_of is not None
    ]


def _absent_payers(question: BillQuestion, bill: Snapshot, snapshot: Snapshot) -> list[str]:
    """Payers who were billed the month before and are not now."""
    if question.filters:
        return []
    before = ChargePeriod.month(question.billing_period.start.year, question.billing_period.start.month - 1)
    now = {load.billing_account_id for load in bill.booked}
    gone = {load.billing_account_id for load in bill_snapshot(snapshot, before.start).booked} - now
    return [f"Payer {safe_text(account)} has no bill of this period; it had one before." for account in sorted(gone)]
