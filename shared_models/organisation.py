"""The account tree: sub accounts with their place in it, valid from a date until they moved or were renamed."""

from datetime import datetime

from pydantic import Field

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.page import Pagination


class SubAccount(WireModel):
    """One AWS account, Azure subscription or GCP project, as it was from `valid_from` to `valid_to`."""

    provider: str
    billing_account_id: str
    sub_account_id: str
    sub_account_name: str
    sub_account_type: str
    path: tuple[str, ...] = Field(description="Names from the root of the organisation to the direct parent")
    tags: dict[str, str] = Field(default_factory=dict)
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class SubAccountPage(WireModel):
    """A page of sub accounts in a stable order."""

    data: tuple[SubAccount, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
