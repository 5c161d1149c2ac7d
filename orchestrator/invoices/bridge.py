"""The bridge from EffectiveCost to BilledCost: each line item belongs to exactly one step, so the steps sum exactly.

A step's `change` is the BilledCost of its line items less their EffectiveCost. Usage that a commitment covers costs
something and is not billed, its purchase is billed and costs nothing; what is billed as it is used changes nothing.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from orchestrator.query.bill import BillPart
from shared_models.base import WireModel
from shared_models.focus.vocabularies import ChargeCategory, ChargeClass, ChargeFrequency, CommitmentDiscountStatus
from shared_models.money import ExactDecimal


class Step(StrEnum):
    """Kinds of charges, in the order of the bridge."""

    USAGE = "usage"
    SPLIT = "split_allocations"
    COMMITMENT_USED = "commitment_used"
    COMMITMENT_UNUSED = "commitment_unused"
    UPFRONT_FEES = "upfront_fees"
    RECURRING_FEES = "recurring_fees"
    OTHER_PURCHASES = "other_purchases"
    MARKETPLACE = "marketplace"
    CREDITS = "credits"
    ADJUSTMENTS = "refunds_and_adjustments"
    CORRECTIONS = "corrections"
    TAX = "tax"


_BY_CATEGORY = {
    ChargeCategory.TAX.value: Step.TAX,
    ChargeCategory.CREDIT.value: Step.CREDITS,
    ChargeCategory.ADJUSTMENT.value: Step.ADJUSTMENTS,
}


class BridgeStep(WireModel):
    """One kind of charge on a bill."""

    step: Step
    billed: ExactDecimal = Field(description="Its part of BilledCost")
    change: ExactDecimal = Field(description="BilledCost less EffectiveCost")


def step_of(part: BillPart) -> Step:
    """The one step that a line item belongs to; a correction is one whatever it corrects."""
    if part.charge_class == ChargeClass.CORRECTION:
        return Step.CORRECTIONS
    if step := _BY_CATEGORY.get(part.charge_category or ""):
        return step
    if part.host_provider_name and part.host_provider_name != part.service_provider_name:
        return Step.MARKETPLACE
    return _commitment_or_usage(part)


def _commitment_or_usage(part: BillPart) -> Step:
    if part.charge_category == ChargeCategory.PURCHASE:
        if not part.of_commitment:
            return Step.OTHER_PURCHASES
        return Step.UPFRONT_FEES if part.charge_frequency == ChargeFrequency.ONE_TIME else Step.RECURRING_FEES
    if part.commitment_status == CommitmentDiscountStatus.UNUSED:
        return Step.COMMITMENT_UNUSED
    if part.commitment_status == CommitmentDiscountStatus.USED:
        return Step.COMMITMENT_USED
    return Step.SPLIT if part.of_split else Step.USAGE


def bridge(parts: Sequence[BillPart]) -> tuple[BridgeStep, ...]:
    """The steps that occur; their `billed` sums to BilledCost, their `change` to BilledCost less EffectiveCost."""
    found: dict[Step, list[BillPart]] = {}
    for part in parts:
        found.setdefault(step_of(part), []).append(part)
    steps = [
        BridgeStep(step=step, billed=billed(found[step]), change=billed(found[step]) - effective(found[step]))
        for step in Step
        if step in found
    ]
    return tuple(step for step in steps if step.billed or step.change)


def billed(parts: Iterable[BillPart]) -> Decimal:
    """The BilledCost of these parts."""
    return sum((part.billed for part in parts), Decimal(0))


def effective(parts: Iterable[BillPart]) -> Decimal:
    """The EffectiveCost of these parts."""
    return sum((part.effective for part in parts), Decimal(0))
