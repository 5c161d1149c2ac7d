"""The ports: what a cloud may offer. A cloud implements some; a missing one refuses politely and is declared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from shared_models.anomaly import CostAnomaly
from shared_models.budget import Budget
from shared_models.commitment import CommitmentDiscount
from shared_models.coverage import Freshness, Gap
from shared_models.export import ConvertedDataset, ConvertedExport
from shared_models.forecast import ForecastLine, ForecastQuery
from shared_models.inventory import Resource
from shared_models.organisation import SubAccount
from shared_models.period import ChargePeriod
from shared_models.pricing import SkuPrice
from shared_models.query import CostLine, CostQuery, CurrencyTotal
from shared_models.recommendation import Recommendation
from shared_models.server_card import Access, Port, Purse
from shared_models.usage import UsageFact

Item = TypeVar("Item")


@dataclass(frozen=True)
class Slice(Generic[Item]):
    """Some items of a stable order, how many there are in all, and what is not among them and why.

    `snapshot` changes when what is paged through was read again: a page of one is not continued in another.
    """

    items: tuple[Item, ...]
    total: int
    gaps: tuple[Gap, ...] = ()
    snapshot: str = "live"


@dataclass(frozen=True)
class CostAnswer:
    """Lines of one question, how many there are in all, and one total per currency.

    `freshness` says which sources really answered (none: the port's own), `gaps` what is missing, `notes` what a
    reader must know to compare the figures.
    """

    lines: tuple[CostLine, ...]
    total: int
    totals: tuple[CurrencyTotal, ...]
    freshness: tuple[Freshness, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identity:
    """Who we are to this cloud, and what we reach."""

    principal: str | None
    billing_account_ids: tuple[str, ...]
    sub_accounts: int | None
    regions: tuple[str, ...]


class Costs(Protocol):
    """Costs by period, grouping and metric."""

    async def query(self, query: CostQuery, *, offset: int, limit: int) -> CostAnswer: ...

    def values(self, column: str) -> list[str]: ...


class Exports(Protocol):
    """The bill in bulk, as FOCUS 1.4 Parquet, and the other FOCUS datasets that are exported beside it."""

    async def convert(self, period: ChargePeriod | None) -> tuple[ConvertedExport, ...]: ...

    async def datasets(self) -> tuple[ConvertedDataset, ...]: ...

    def gaps(self) -> tuple[Gap, ...]:
        """What the last conversion could not look at, and why."""
        ...


class Pages(Protocol[Item]):
    """Items in a stable order; a condition is `field` equals value, null conditions do not narrow."""

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[Item]: ...


@dataclass(frozen=True)
class ForecastAnswer:
    """Lines by account and bucket; `freshness`, `gaps` and `notes` as in a `CostAnswer`."""

    lines: tuple[ForecastLine, ...]
    freshness: tuple[Freshness, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


class Forecast(Protocol):
    """The cloud's own forecast of its costs."""

    async def ask(self, query: ForecastQuery) -> ForecastAnswer: ...


class Cloud(Protocol):
    """One cloud: its name, how it is reached, its identity, and its ports."""

    @property
    def name(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def costs(self) -> Costs: ...
    @property
    def exports(self) -> Exports: ...
    @property
    def inventory(self) -> Pages[Resource]: ...
    @property
    def usage(self) -> Pages[UsageFact]: ...
    @property
    def prices(self) -> Pages[SkuPrice]: ...
    @property
    def commitments(self) -> Pages[CommitmentDiscount]: ...
    @property
    def recommendations(self) -> Pages[Recommendation]: ...
    @property
    def organisation(self) -> Pages[SubAccount]: ...
    @property
    def budgets(self) -> Pages[Budget]: ...
    @property
    def anomalies(self) -> Pages[CostAnomaly]: ...
    @property
    def forecast(self) -> Forecast: ...

    def offers(self) -> Mapping[Port, bool]: ...

    async def identity(self) -> Identity: ...

    async def access(self) -> Access: ...

    async def purses(self) -> tuple[Purse, ...]: ...

    def freshness(self, port: Port) -> tuple[Freshness, ...]: ...
