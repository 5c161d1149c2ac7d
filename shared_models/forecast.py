"""A cloud's own forecast of its costs: what is expected for each bucket of a future period, and within which bounds."""

from datetime import datetime
from enum import StrEnum

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.export import CostBasis
from shared_models.money import ExactDecimal
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter


class ForecastStep(StrEnum):
    """Length of a bucket."""

    DAY = "day"
    MONTH = "month"


class ForecastQuery(WireModel):
    """A question about the future; `level` is the percentage of cases in which the bounds are to hold."""

    period: ChargePeriod
    metric: CostBasis
    granularity: ForecastStep
    filters: tuple[CostFilter, ...] = ()
    level: int


class ForecastLine(WireModel):
    """One bucket of one billing account; `native_metric` is the cloud's name of what is forecast."""

    billing_account_id: str
    start: datetime
    end: datetime
    mean: ExactDecimal
    lower: ExactDecimal | None = None
    upper: ExactDecimal | None = None
    currency: str
    native_metric: str


class ForecastTotal(WireModel):
    """What is expected of the whole period, of all accounts of one currency; the bounds of buckets do not add up."""

    currency: str
    mean: ExactDecimal


class CostForecast(WireModel):
    """A forecast, bucket by bucket."""

    metric: CostBasis
    period: ChargePeriod
    level: int
    totals: tuple[ForecastTotal, ...]
    data: tuple[ForecastLine, ...]
    coverage: Coverage
    freshness: tuple[Freshness, ...]
    notes: tuple[str, ...] = ()
