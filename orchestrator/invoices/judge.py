"""From BilledCost to the invoice: what is named, what is rounding, and what remains unexplained, to the last digit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from orchestrator.invoices.bridge import Step, billed, step_of
from orchestrator.invoices.match import Unit
from orchestrator.invoices.tolerance import focus_tolerance, rounded, subunit
from shared_models.focus.vocabularies import ChargeCategory


class InvoiceState(StrEnum):
    """How an invoice and its line items stand to each other, the worst first."""

    DIFFERS = "differs"
    CHARGES_MISSING = "charges_missing"
    INVOICE_MISSING = "invoice_missing"
    INVOICE_OPEN = "invoice_open"
    WITHIN_TOLERANCE = "within_focus_tolerance"
    RECONCILED = "reconciled"


@dataclass(frozen=True)
class Judged:
    """billed + corrections + tax + rounding + unexplained = invoiced."""

    state: InvoiceState
    billed: Decimal
    corrections: Decimal
    """Corrections that the ledger holds and the invoice was issued without, as what they move: minus their sum."""
    tax: Decimal
    """What the invoice's own tax lines have more than the line items."""
    rounding: Decimal
    unexplained: Decimal
    invoiced: Decimal | None
    tolerance: Decimal
    lines: int


def judge(unit: Unit) -> Judged:
    """Where the invoice differs from the line items. Without an invoice there is nothing to explain."""
    total, rows = billed(unit.parts), sum(part.lines for part in unit.parts)
    tolerance = focus_tolerance(rows, unit.currency)
    if not unit.lines:
        zero = Decimal(0)
        return Judged(InvoiceState.INVOICE_MISSING, total, zero, zero, zero, zero, None, tolerance, rows)
    invoiced = sum((line.amount for line in unit.lines), Decimal(0))
    tax = _tax(unit)
    corrections = Decimal(0)
    rounding, unexplained = _rest(total + tax, invoiced, unit.currency)
    if unexplained and (late := -billed(part for part in unit.parts if step_of(part) is Step.CORRECTIONS)):
        # A correction is published after the invoice; whether it is on it, only the amounts can tell.
        other_rounding, other_rest = _rest(total + tax + late, invoiced, unit.currency)
        if abs(other_rest) < abs(unexplained) and abs(other_rest + other_rounding) <= tolerance:
            corrections, rounding, unexplained = late, other_rounding, other_rest
    return Judged(
        state=_state(unit, rounding, unexplained, tolerance),
        billed=total,
        corrections=corrections,
        tax=tax,
        rounding=rounding,
        unexplained=unexplained,
        invoiced=invoiced,
        tolerance=tolerance,
        lines=rows,
    )


def _state(unit: Unit, rounding: Decimal, unexplained: Decimal, tolerance: Decimal) -> InvoiceState:
    if not unit.parts:
        return InvoiceState.CHARGES_MISSING
    if any(line.open for line in unit.lines):
        return InvoiceState.INVOICE_OPEN
    if not unexplained:
        return InvoiceState.RECONCILED
    return InvoiceState.WITHIN_TOLERANCE if abs(rounding + unexplained) <= tolerance else InvoiceState.DIFFERS


def _rest(expected: Decimal, invoiced: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """(rounding, unexplained): one rounding of the whole to what the invoice is written in, and what is left."""
    written = Decimal(1).scaleb(int(invoiced.normalize().as_tuple().exponent))
    rounding = rounded(expected, min(subunit(currency), written)) - expected
    return rounding, invoiced - expected - rounding


def _tax(unit: Unit) -> Decimal:
    """FOCUS lets tax differ: where the invoice has tax lines of its own, their difference has a name."""
    said = [line.amount for line in unit.lines if line.charge_category == ChargeCategory.TAX]
    if not said or not unit.parts:
        return Decimal(0)
    held = billed(part for part in unit.parts if step_of(part) is Step.TAX)
    difference = sum(said, Decimal(0)) - held
    return difference if abs(difference) >= subunit(unit.currency) else Decimal(0)


def category_differences(unit: Unit) -> Sequence[tuple[str, Decimal, Decimal]]:
    """(category, on the invoice, in the ledger) where they differ, for an invoice whose lines all have a category."""
    if not unit.lines or not all(line.charge_category for line in unit.lines):
        return ()
    said: dict[str, Decimal] = {}
    held: dict[str, Decimal] = {}
    for line in unit.lines:
        said[line.charge_category or ""] = said.get(line.charge_category or "", Decimal(0)) + line.amount
    for part in unit.parts:
        held[part.charge_category or ""] = held.get(part.charge_category or "", Decimal(0)) + part.billed
    none = Decimal(0)
    return [
        (name, said.get(name, none), held.get(name, none))
        for name in sorted({*said, *held})
        if abs(said.get(name, none) - held.get(name, none)) >= subunit(unit.currency)
    ]
