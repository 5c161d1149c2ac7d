"""What `finops_forecast_costs` answers: notes first, then one forecast per currency with its back-test."""

from datetime import date

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.analyses.forecast.planned import Effect
from orchestrator.query.answer import ShownCoverage, ShownEvidence
from shared_models.base import WireModel
from shared_models.export import CostBasis
from shared_models.money import ExactDecimal
from shared_models.period import ChargePeriod

Optional = SkipJsonSchema[None]


class PlannedChange(WireModel):
    """Something known or supposed of the future: a price change, growth, a migration, a purchase."""

    name: str = Field(max_length=80, description="What it is")
    effect: Effect = Field(default=Effect.PERCENT, description="What `value` is")
    value: float = Field(ge=-1e12, le=1e12, description="Percent, or an amount in the currency; negative saves")
    start: date = Field(description="First day")
    end: date | Optional = Field(default=None, description="Day after the last")
    currency: str | Optional = Field(default=None, description="Of amounts; needed where there are several")


class Expected(WireModel):
    """Lower and upper bound an interval of the asked level."""

    amount: ExactDecimal
    lower: ExactDecimal
    upper: ExactDecimal


class Bucket(Expected):
    """One day or month."""

    start: date


class ForecastGroup(WireModel):
    """One group's part; keys null and other true for what is not listed."""

    keys: tuple[str | None, ...]
    amount: ExactDecimal
    other: bool = False


class Tested(WireModel):
    """Models fitted to this series' past, held against what came. Shares, not percent."""

    held_out: int = Field(description="Stretches held out")
    days: int = Field(description="Length of each")
    mase: float | Optional = Field(default=None, description="Below 1 beats repeating the last season")
    bias: float | Optional = None
    total_error: float | Optional = Field(default=None, description="Mean error of a stretch's sum")
    coverage: float | Optional = Field(default=None, description="Share of points inside the interval")


class CurrencyForecast(Expected):
    """amount = actual + usage + recurring + planned, exactly; groups sum to amount."""

    currency: str
    actual: ExactDecimal = Field(description="Booked days of the period")
    usage: ExactDecimal = Field(description="From the models")
    recurring: ExactDecimal = Field(description="From the calendar")
    planned: ExactDecimal
    buckets: tuple[Bucket, ...]
    groups: tuple[ForecastGroup, ...]
    models: tuple[str, ...]
    tested: Tested


class ForecastAnswer(WireModel):
    """What costs will be."""

    notes: tuple[str, ...]
    metric: CostBasis
    period: ChargePeriod
    level: int
    history: ChargePeriod
    group_by: tuple[str, ...]
    totals: tuple[CurrencyForecast, ...]
    coverage: ShownCoverage
    evidence: ShownEvidence
