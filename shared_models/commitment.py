"""Commitments: reservations, savings plans and committed-use discounts in one shape."""

from datetime import datetime

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.money import ExactDecimal
from shared_models.page import Pagination


class CommitmentDiscount(WireModel):
    """One commitment; `utilization` is the used share of the last 30 days, null where it is not known."""

    commitment_discount_id: str
    commitment_discount_name: str | None = None
    commitment_discount_type: str
    commitment_discount_category: str
    provider: str
    billing_account_id: str
    sub_account_id: str | None = None
    region_id: str | None = None
    start: datetime
    end: datetime
    payment_model: str
    hourly_commitment: ExactDecimal | None = None
    upfront_cost: ExactDecimal | None = None
    currency: str
    status: str
    scope: str | None = None
    utilization: float | None = None


class CommitmentPage(WireModel):
    """A page of commitments in a stable order."""

    data: tuple[CommitmentDiscount, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
