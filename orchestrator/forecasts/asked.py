"""What is asked of the future: which costs, and which days of them in what shape."""

from dataclasses import dataclass

from orchestrator.forecasts.report import PlannedChange
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter, Granularity


@dataclass(frozen=True)
class Asked:
    """Which costs are forecast."""

    metric: CostBasis
    group_by: tuple[str, ...]
    filters: tuple[CostFilter, ...]
    spend: str | None


@dataclass(frozen=True)
class Request:
    """What of the future is asked for; `light` wants no statistics library."""

    period: ChargePeriod
    granularity: Granularity
    level: int
    limit: int
    planned: tuple[PlannedChange, ...] = ()
    light: bool = False
