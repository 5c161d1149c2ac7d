"""What `finops_query_costs` answers: notes first, totals per currency, lines, what is left over, evidence."""

from typing import Annotated

from pydantic import Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from orchestrator.evidence import CostEvidence
from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.export import CostBasis
from shared_models.money import ExactDecimal
from shared_models.page import Pagination
from shared_models.period import ChargePeriod
from shared_models.query import Granularity

Optional = SkipJsonSchema[None]


_OBJECT = WithJsonSchema({"type": "object"})
ShownEvidence = Annotated[CostEvidence, _OBJECT]
ShownCoverage = Annotated[Coverage, _OBJECT]
"""For other tools: the same objects, whose fields the schema of finops_query_costs lists once for all."""


class Amounts(WireModel):
    """The figures of one line or total in one currency."""

    amount: ExactDecimal
    compare_amount: ExactDecimal | Optional = None
    change: ExactDecimal | Optional = None
    also: dict[str, ExactDecimal] | Optional = Field(default=None, description="Further measures by name")
    series: tuple[ExactDecimal, ...] | Optional = Field(default=None, description="Amounts in the order of `buckets`")


class CostGroup(Amounts):
    """One group; `keys` follow `group_by`, null where the column is null."""

    keys: tuple[str | None, ...]
    currency: str


class Remainder(Amounts):
    """Groups that are not listed on this page."""

    currency: str
    groups: int


class CurrencySum(Amounts):
    """The whole of one currency, over all pages."""

    currency: str
    groups: int
    line_items: int
    change_percent: float | Optional = None


class ConvertedFrom(WireModel):
    """One billing currency of a conversion, over the period and all groups."""

    currency: str
    amount: ExactDecimal = Field(description="As billed, before the conversion")
    converted: ExactDecimal
    pair: str = Field(description="As the rate table writes it; a rate is what one unit of `currency` is worth")
    rates: dict[str, ExactDecimal] = Field(description="First day: rate from that day on")
    more_rates: int = Field(default=0, description="Rates of the period that are not listed")


class CostAnswer(WireModel):
    """Costs by group. In each currency: earlier + data + other + unallocated = total, to the last digit."""

    notes: tuple[str, ...] = Field(description="What to know before using the figures")
    metric: CostBasis
    period: ChargePeriod
    compare_to: ChargePeriod | Optional = None
    group_by: tuple[str, ...]
    granularity: Granularity
    buckets: tuple[str, ...] | Optional = None
    spend: str
    rates: str | Optional = Field(default=None, description="Rate table of a conversion")
    converted_from: tuple[ConvertedFrom, ...] | Optional = Field(default=None, description="What a conversion rests on")
    totals: tuple[CurrencySum, ...]
    data: tuple[CostGroup, ...]
    other: tuple[Remainder, ...] = Field(default=(), description="Groups ranked after this page")
    unallocated: tuple[Remainder, ...] = Field(default=(), description="Where every key is null")
    earlier: tuple[Remainder, ...] = Field(default=(), description="Groups on the pages before")
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
    evidence: CostEvidence
