"""Recommendations: what to change, what it would save, and on which evidence."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.money import ExactDecimal
from shared_models.page import Pagination


class Action(StrEnum):
    """What a recommendation asks for."""

    STOP = "Stop"
    DELETE = "Delete"
    RIGHTSIZE = "Rightsize"
    UPGRADE = "Upgrade"
    MIGRATE = "Migrate"
    PURCHASE_COMMITMENT = "PurchaseCommitment"
    OTHER = "Other"


class Effort(StrEnum):
    """How much work the change is."""

    VERY_LOW = "VeryLow"
    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"
    VERY_HIGH = "VeryHigh"


class Recommendation(WireModel):
    """One proposal, by the cloud (`origin` names its service) or by us.

    `evidence` is what the origin bases it on; `also_from` names other services that propose the same.
    """

    recommendation_id: str
    provider: str
    origin: str
    action: Action
    resource_id: str | None = None
    resource_type: str | None = None
    sub_account_id: str | None = None
    region_id: str | None = None
    summary: str
    current: str | None = None
    recommended: str | None = None
    estimated_monthly_savings: ExactDecimal
    currency: str
    effort: Effort | None = None
    restart_needed: bool | None = None
    rollback_possible: bool | None = None
    last_refresh: datetime | None = None
    lookback_days: int | None = None
    evidence: dict[str, str] = Field(default_factory=dict)
    also_from: tuple[str, ...] = ()


class RecommendationPage(WireModel):
    """A page of recommendations, the largest saving first, with the savings total of each currency."""

    data: tuple[Recommendation, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
