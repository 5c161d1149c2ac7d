"""Anomalies that a cloud found by itself: when, how much more than it expected, and where it sees the cause."""

from datetime import datetime

from pydantic import Field

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.money import ExactDecimal
from shared_models.page import Pagination


class RootCause(WireModel):
    """One cause that the cloud names: a value for each dimension, and its share of the impact where it is told."""

    dimensions: dict[str, str] = Field(default_factory=dict)
    contribution: ExactDecimal | None = None


class CostAnomaly(WireModel):
    """One finding; `first_day` and `last_day` are both within it, `impact` is what was spent beyond the expected."""

    anomaly_id: str
    provider: str
    billing_account_id: str | None = None
    monitor: str | None = None
    subject: str | None = None
    first_day: datetime
    last_day: datetime | None = None
    impact: ExactDecimal
    actual: ExactDecimal | None = None
    expected: ExactDecimal | None = None
    currency: str
    root_causes: tuple[RootCause, ...] = ()
    status: str | None = None
    feedback: str | None = None


class AnomalyPage(WireModel):
    """A page of anomalies, the newest first."""

    data: tuple[CostAnomaly, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
