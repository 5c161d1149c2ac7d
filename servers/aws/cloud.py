"""Amazon Web Services as a cloud: for each port the best source there is, AWS itself where live is on."""

from collections.abc import Mapping
from pathlib import Path

from servers.aws.access import access_of
from servers.aws.costs import LiveCosts
from servers.aws.data_exports.bills import LiveBills
from servers.aws.data_exports.exports import LiveExports
from servers.aws.live import Live
from servers.aws.live_ports import LivePorts
from servers.aws.organisation import LiveOrganisation
from servers.aws.spending import Spending
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


class Aws:
    """AWS, asked live; what is not asked live comes from the folder of exported data."""

    name = "aws"
    mode = "live, with exported data where there is any"

    def __init__(self, exported: ExportedCloud, live: Live, cache: Path) -> None:
        """`cache` is where converted bills are kept and served from."""
        self._live = live
        beside = exported.bills if exported.offers()[Port.COSTS] else None
        self._bills = LiveBills(live, cache, beside)
        costs = LiveCosts(live, self._bills)
        self.costs: Costs = costs
        self.exports: Exports = LiveExports(self._bills, exported.focus, live, cache)
        self.organisation = LiveOrganisation(live)
        self._ports = LivePorts(live, self.organisation, Spending(live, costs, self._bills))
        self.inventory: Pages[Resource] = self._ports.inventory
        self.usage: Pages[UsageFact] = self._ports.usage
        self.prices: Pages[SkuPrice] = self._ports.prices
        self.commitments: Pages[CommitmentDiscount] = self._ports.commitments
        self.recommendations: Pages[Recommendation] = self._ports.recommendations
        self.budgets: Pages[Budget] = self._ports.budgets
        self.anomalies: Pages[CostAnomaly] = self._ports.anomalies
        self.forecast: Forecast = self._ports.forecast

    def offers(self) -> Mapping[Port, bool]:
        """Which ports answer."""
        return dict.fromkeys(Port, True)

    async def identity(self) -> Identity:
        """Who we are to AWS; nobody where there are no credentials, which `access` explains."""
        try:
            caller = await off_loop(self._live.sessions.caller)
            payers = await off_loop(self._live.sessions.payers)
        except FinOpsError:
            return Identity(None, self._live.settings.payers, None, self._live.settings.regions or ())
        return Identity(caller.arn, payers, None, self._live.settings.regions or ())

    async def access(self) -> Access:
        """What our credentials reach, and which permissions are missing for which tool; asks nothing that costs."""
        return await access_of(self._live, self.organisation)

    async def purses(self) -> tuple[Purse, ...]:
        """What paid calls may still cost today."""
        return (self._live.purse.card(),)

    def freshness(self, port: Port) -> tuple[Freshness, ...]:
        """How old a port's data is."""
        if port in {Port.COSTS, Port.EXPORTS}:
            return self._bills.freshness() or (Freshness(source="aws", origin="Cost Explorer"),)
        if port is Port.ORGANISATION:
            return self.organisation.freshness
        fetched_at = self._ports.fetched_at(port)
        return (Freshness(source="aws", fetched_at=fetched_at, origin=f"AWS APIs: {port.value}"),)
