"""The ports: what a cloud may offer. A cloud implements some of them; a missing one is a declared gap."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from shared_models.commitment import CommitmentDiscount
from shared_models.coverage import Freshness
from shared_models.export import ConvertedExport
from shared_models.inventory import Resource, ResourceType
from shared_models.organisation import SubAccount
from shared_models.period import ChargePeriod
from shared_models.pricing import SkuPrice
from shared_models.query import CostLine, CostQuery, CurrencyTotal
from shared_models.recommendation import Recommendation
from shared_models.server_card import Port
from shared_models.usage import UsageFact

Item = TypeVar("Item")


@dataclass(frozen=True)
class Slice(Generic[Item]):
    """Some items of a stable order, and how many there are in all."""

    items: tuple[Item, ...]
    total: int


@dataclass(frozen=True)
class CostAnswer:
    """Lines of one question, how many there are in all, and one total per currency."""

    lines: tuple[CostLine, ...]
    total: int
    totals: tuple[CurrencyTotal, ...]


class Costs(Protocol):
    """Costs by period, grouping and metric."""

    async def query(self, query: CostQuery, *, offset: int, limit: int) -> CostAnswer: ...


class Exports(Protocol):
    """The bill in bulk, as FOCUS 1.4 Parquet."""

    async def convert(self, period: ChargePeriod | None) -> tuple[ConvertedExport, ...]: ...


class Inventory(Protocol):
    """What runs."""

    async def page(self, resource_type: ResourceType | None, *, offset: int, limit: int) -> Slice[Resource]: ...


class Prices(Protocol):
    """List and contract prices."""

    async def page(self, filters: Mapping[str, str], *, offset: int, limit: int) -> Slice[SkuPrice]: ...


class Usage(Protocol):
    """Metrics of resources, as evidence."""

    async def page(
        self, resource_id: str | None, metric: str | None, period: ChargePeriod | None, *, offset: int, limit: int
    ) -> Slice[UsageFact]: ...


class Commitments(Protocol):
    """Reservations, savings plans, committed-use discounts."""

    async def page(self, *, offset: int, limit: int) -> Slice[CommitmentDiscount]: ...


class Recommendations(Protocol):
    """The cloud's own proposals."""

    async def page(self, *, offset: int, limit: int) -> Slice[Recommendation]: ...


class Organisation(Protocol):
    """The account tree."""

    async def page(self, *, offset: int, limit: int) -> Slice[SubAccount]: ...


@dataclass(frozen=True)
class Identity:
    """Who we are to this cloud, and what we reach."""

    principal: str | None
    billing_account_ids: tuple[str, ...]
    sub_accounts: int | None
    regions: tuple[str, ...]


class Cloud(Protocol):
    """One cloud: its name, its identity, and the ports that it offers."""

    name: str
    mode: str
    costs: Costs | None
    exports: Exports | None
    inventory: Inventory | None
    prices: Prices | None
    usage: Usage | None
    commitments: Commitments | None
    recommendations: Recommendations | None
    organisation: Organisation | None

    async def identity(self) -> Identity: ...

    async def freshness(self, port: Port | None = None) -> tuple[Freshness, ...]: ...


@dataclass(frozen=True)
class Refusal:
    """Why a port is not offered, and what would enable it."""

    reason: str
    hint: str
    since: datetime | None = field(default=None)
