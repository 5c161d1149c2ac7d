"""A cost question after its words are understood: real periods, real columns, checked arguments."""

from dataclasses import dataclass
from enum import StrEnum

from shared_models.export import CostBasis
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter, Granularity


class Measure(StrEnum):
    """What may stand beside the main metric in an answer."""

    BILLED = "BilledCost"
    EFFECTIVE = "EffectiveCost"
    LIST = "ListCost"
    CONTRACTED = "ContractedCost"
    GROSS = "gross"
    CREDITS = "credits"


class OrderBy(StrEnum):
    """How lines are ranked within their currency."""

    AMOUNT = "amount"
    AMOUNT_ASCENDING = "amount_ascending"
    CHANGE = "change"
    KEY = "key"


@dataclass(frozen=True)
class Conversion:
    """Into which currency, by which named rate table."""

    currency: str
    table: str


@dataclass(frozen=True)
class Question:
    """What `finops_query_costs` asks of a snapshot."""

    period: ChargePeriod
    metric: CostBasis = CostBasis.EFFECTIVE
    group_by: tuple[str, ...] = ()
    filters: tuple[CostFilter, ...] = ()
    granularity: Granularity = Granularity.TOTAL
    compare_to: ChargePeriod | None = None
    also: tuple[Measure, ...] = ()
    spend: str | None = None
    conversion: Conversion | None = None
    order_by: OrderBy = OrderBy.AMOUNT
    limit: int = 10
    offset: int = 0

    @property
    def periods(self) -> tuple[ChargePeriod, ...]:
        """The period, and the one that it is compared with."""
        return (self.period,) if self.compare_to is None else (self.period, self.compare_to)
