"""A claim about a cost, and what is found out about it."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from orchestrator.query.answer import ShownCoverage, ShownEvidence
from shared_models.base import WireModel
from shared_models.export import CostBasis
from shared_models.money import ExactDecimal
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter


class Verdict(StrEnum):
    """What the ledger says of a claim."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not_supported"
    CANNOT_SAY = "cannot_say"


@dataclass(frozen=True)
class Claim:
    """A stated figure with what it is said to be the figure of."""

    amount: str
    currency: str
    period: ChargePeriod
    metric: CostBasis = CostBasis.EFFECTIVE
    filters: tuple[CostFilter, ...] = ()
    spend: str | None = None
    tolerance: str | None = None
    rates: str | None = None


class Reading(WireModel):
    """Another question to which the stated figure would be a right answer."""

    differs_in: tuple[str, ...] = Field(description="What is read otherwise than claimed")
    amount: ExactDecimal
    difference: ExactDecimal = Field(description="Claim less this figure")


class ClaimAnswer(WireModel):
    """The verdict on a claim, the right figure, and the readings that the claim would fit."""

    notes: tuple[str, ...]
    verdict: Verdict
    claimed: ExactDecimal
    figure: ExactDecimal = Field(description="What the ledger has for exactly what was claimed")
    difference: ExactDecimal = Field(description="Claim less figure")
    tolerance: ExactDecimal
    currency: str
    metric: CostBasis
    period: ChargePeriod
    spend: str
    readings: tuple[Reading, ...] = Field(description="Readings within the tolerance, closest first")
    coverage: ShownCoverage
    evidence: ShownEvidence
