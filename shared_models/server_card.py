"""What one server offers, under which identity, and how fresh its sources are."""

from enum import StrEnum

from shared_models.base import WireModel
from shared_models.coverage import Freshness, Gap


class Port(StrEnum):
    """The capabilities that a cloud may offer."""

    COSTS = "costs"
    EXPORTS = "exports"
    INVENTORY = "inventory"
    USAGE = "usage"
    PRICES = "prices"
    COMMITMENTS = "commitments"
    RECOMMENDATIONS = "recommendations"
    ORGANISATION = "organisation"
    BUDGETS = "budgets"
    ANOMALIES = "anomalies"
    FORECAST = "forecast"


class Purse(WireModel):
    """What is left of a quota or a budget for paid calls."""

    name: str
    unit: str
    limit: str
    left: str
    note: str | None = None


class MissingPermission(WireModel):
    """A permission that the cloud refused us, and the tools that need it."""

    permission: str
    on: str
    tools: tuple[str, ...]


class Access(WireModel):
    """What our credentials reach: accounts, and what was refused. Nothing where no live question is asked."""

    partition: str | None = None
    accounts_reached: int | None = None
    accounts_refused: tuple[Gap, ...] = ()
    missing_permissions: tuple[MissingPermission, ...] = ()


class ServerCard(WireModel):
    """One server's description of itself: identity, access, regions, sources, freshness, quota and purse left."""

    server: str
    version: str
    provider: str
    mode: str
    identity: str | None = None
    access: Access = Access()
    billing_account_ids: tuple[str, ...]
    sub_accounts: int | None = None
    regions: tuple[str, ...]
    offers: tuple[Port, ...]
    not_offered: tuple[Gap, ...]
    freshness: tuple[Freshness, ...]
    purses: tuple[Purse, ...] = ()
    next_steps: tuple[str, ...] = ()
