"""Google Cloud as a cloud: for each port the best source there is, Google itself where live is on.

A live port takes the place of the exported one here: a `Pages` (or `Costs`, `Exports`) over `Live`, true in `offers`,
and a line in `freshness`.
"""

from collections.abc import Mapping
from pathlib import Path

from servers.gcp.access import access_of
from servers.gcp.billing_accounts import billing_accounts
from servers.gcp.billing_exports.bills import LiveBills
from servers.gcp.billing_exports.discovery import ExportTables
from servers.gcp.billing_exports.exports import LiveExports
from servers.gcp.billing_queries.costs import QueriedCosts
from servers.gcp.costs import LiveCosts
from servers.gcp.live import Live
from servers.gcp.live_ports import LivePorts
from servers.gcp.organisation import LiveOrganisation
from servers.kit.exported.cloud import ExportedCloud
from servers.kit.live.threads import off_loop
from servers.kit.ports import Costs, Exports, Forecast, Identity, Pages
from shared_models.anomaly import CostAnomaly
from shared_models.budget import Budget
from shared_models.commitment import CommitmentDiscount
from shared_models.coverage import Freshness
from shared_models.errors import FinOpsError
from shared_models.inventory import Resource
from shared_models.pricing import SkuPrice
from shared_models.recommendation import Recommendation
from shared_models.server_card import Access, Port, Purse
from shared_models.usage import UsageFact


class Gcp:
    """Google Cloud, asked live; what is not asked live comes from the folder of exported data."""

    name = "gcp"
    mode = "live, with exported data where there is any"

    def __init__(self, exported: ExportedCloud, live: Live, cache: Path) -> None:
        """`cache` is where converted bills are kept and served from."""
        self._live = live
        self._exported = exported
        beside = exported.bills if exported.offers()[Port.COSTS] else None
        self.tables = ExportTables(live)
        self._bills = LiveBills(live, self.tables, cache, beside)
        self.costs: Costs = LiveCosts(live, self._bills, QueriedCosts(live, self.tables))
        self.exports: Exports = LiveExports(self._bills, exported.focus)
        self.organisation = LiveOrganisation(live)
        self._ports = LivePorts(live, self.organisation, self.tables)
        self.inventory: Pages[Resource] = self._ports.inventory
        self.usage: Pages[UsageFact] = self._ports.usage
        self.prices: Pages[SkuPrice] = self._ports.prices
        self.commitments: Pages[CommitmentDiscount] = self._ports.commitments
        self.recommendations: Pages[Recommendation] = self._ports.recommendations
        self.budgets: Pages[Budget] = exported.budgets
        self.anomalies: Pages[CostAnomaly] = exported.anomalies
        self.forecast: Forecast = exported.forecast

    def offers(self) -> Mapping[Port, bool]:
        """Which ports answer."""
        own = dict.fromkeys((Port.COSTS, Port.EXPORTS, Port.ORGANISATION, *self._ports.offered), True)
        return {**self._exported.offers(), **own}

    async def identity(self) -> Identity:
        """Who we are to Google; nobody where there are no credentials, which `access` explains."""
        try:
            caller = await off_loop(self._live.sessions.caller)
        except FinOpsError:
            return Identity(None, self._live.settings.billing_accounts, None, ())
        try:
            accounts = tuple(one.billing_account_id for one in await billing_accounts(self._live))
        except FinOpsError:
            accounts = self._live.settings.billing_accounts
        return Identity(caller.principal, accounts, None, ())

    async def access(self) -> Access:
        """What our credentials reach, which tool lacks which permission, what the next sync reads; all of it free."""
        return await access_of(self._live, self.organisation, self.tables, self._bills)

    async def purses(self) -> tuple[Purse, ...]:
        """What billed queries may still cost today, in USD and in bytes."""
        return (self._live.purse.card(), self._live.bytes.card())

    def freshness(self, port: Port) -> tuple[Freshness, ...]:
        """How old a port's data is."""
        if port is Port.COSTS:
            return self._bills.freshness() or (Freshness(source="gcp", origin="billing exports in BigQuery"),)
        if port is Port.EXPORTS:
            return self.tables.freshness()
        if port is Port.ORGANISATION:
            return self.organisation.freshness
        if port in self._ports.offered:
            return self._ports.freshness(port)
        return self._exported.freshness(port)
