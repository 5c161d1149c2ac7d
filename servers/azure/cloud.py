"""Microsoft Azure as a cloud: for each port the best source there is, Azure itself where live is on.

A live port takes the place of the exported one here: a `Pages` (or `Costs`, `Exports`) over `Live`, true in `offers`,
and a line in `freshness`. What it looks at comes from `servers.azure.scopes` (bills) or `LiveOrganisation.seen`
(subscriptions with their tenants), so that every port looks at the same things.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from servers.azure.access import access_of
from servers.azure.cost_exports.bills import LiveBills
from servers.azure.cost_exports.exports import LiveExports
from servers.azure.costs import LiveCosts
from servers.azure.live import Live
from servers.azure.organisation import LiveOrganisation
from servers.azure.scopes import scopes
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

_LIVE: Final = (Port.COSTS, Port.EXPORTS, Port.ORGANISATION)


class Azure:
    """Azure, asked live; what is not asked live comes from the folder of exported data."""

    name = "azure"
    mode = "live, with exported data where there is any"

    def __init__(self, exported: ExportedCloud, live: Live, cache: Path) -> None:
        """`cache` is where converted bills are kept and served from."""
        self._live = live
        self._exported = exported
        self.organisation = LiveOrganisation(live)
        beside = exported.bills if exported.offers()[Port.COSTS] else None
        self._bills = LiveBills(live, self.organisation, cache, beside)
        self.costs: Costs = LiveCosts(live, self._bills, self.organisation)
        self.exports: Exports = LiveExports(self._bills, exported.focus)
        self.inventory: Pages[Resource] = exported.inventory
        self.usage: Pages[UsageFact] = exported.usage
        self.prices: Pages[SkuPrice] = exported.prices
        self.commitments: Pages[CommitmentDiscount] = exported.commitments
        self.recommendations: Pages[Recommendation] = exported.recommendations
        self.budgets: Pages[Budget] = exported.budgets
        self.anomalies: Pages[CostAnomaly] = exported.anomalies
        self.forecast: Forecast = exported.forecast

    def offers(self) -> Mapping[Port, bool]:
        """Which ports answer."""
        return {**self._exported.offers(), **dict.fromkeys(_LIVE, True)}

    async def identity(self) -> Identity:
        """Who we are in our own tenant; nobody where there are no credentials, which `access` explains."""
        settings = self._live.settings
        try:
            caller = await off_loop(self._live.sessions.caller)
        except FinOpsError:
            return Identity(None, settings.billing_scopes, None, settings.regions)
        told = f"{caller.principal} (object {caller.object_id}) in tenant {caller.tenant}"
        try:
            used = (await scopes(self._live, self.organisation)).used
        except FinOpsError:
            return Identity(told, settings.billing_scopes, None, settings.regions)
        billing = tuple(f"/{scope.id}" for scope in used if scope.id.lower().startswith("providers/microsoft.billing/"))
        return Identity(told, billing, None, settings.regions)

    async def access(self) -> Access:
        """What our credentials reach, and which roles are missing for which tool; uses no quota."""
        return await access_of(self._live, self.organisation)

    async def purses(self) -> tuple[Purse, ...]:
        """What each tenant that was asked has left of Cost Management's quota."""
        return tuple(
            Purse(
                name=f"Cost Management of {tenant or 'our own tenant'}",
                unit="QPU an hour",
                limit="600",
                left=f"{left:g}",
            )
            for tenant, left in self._live.sessions.budgets.left().items()
        )

    def freshness(self, port: Port) -> tuple[Freshness, ...]:
        """How old a port's data is."""
        if port in {Port.COSTS, Port.EXPORTS}:
            return self._bills.freshness() or (Freshness(source="azure", origin="Cost Management"),)
        if port is Port.ORGANISATION:
            return self.organisation.freshness
        return self._exported.freshness(port)
