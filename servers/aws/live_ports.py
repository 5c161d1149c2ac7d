"""The live ports beside costs: inventory, usage, prices, commitments, advice, outlook, over one set of clients."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from pydantic import TypeAdapter

from servers.aws.commitments import commitments
from servers.aws.cost_explorer.pages import paid
from servers.aws.inventory.port import LiveInventory
from servers.aws.inventory.scan import Scope
from servers.aws.live import Live
from servers.aws.organisation import LiveOrganisation
from servers.aws.outlook.anomalies import anomalies
from servers.aws.outlook.budgets import budgets
from servers.aws.outlook.coverage import used_shares
from servers.aws.outlook.forecast import LiveForecast
from servers.aws.outlook.payers import of_payers
from servers.aws.paging import pages
from servers.aws.prices.port import LivePrices
from servers.aws.reached import Reach
from servers.aws.recommendations.port import recommendations
from servers.aws.spending import Spending
from servers.aws.usage import usage
from servers.kit.live.reached import Reached
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap
from shared_models.server_card import Port

_REGIONS_FOR: Final = timedelta(hours=24)
_NAMES: Final = TypeAdapter(tuple[str, ...])


class LivePorts:
    """One object per server; nothing here asks AWS before the first question."""

    def __init__(self, live: Live, organisation: LiveOrganisation, spending: Spending) -> None:
        self._live = live
        self._reach = Reach(live, organisation, spending)
        folder, clock, unreached = live.folder / "live", live.clock, self._reach.unreached
        inventory = LiveInventory(self._client, self._reach.scope, folder / "inventory", clock)
        measured = usage(self._client, inventory, folder / "usage", clock)
        prices = LivePrices(self._client, self._known, folder / "prices", clock)
        booked = commitments(self._client, self._known, folder / "commitments", clock, self._used)
        advice = recommendations(self._client, self._known, self._paid, folder / "recommendations", clock)
        self.budgets = budgets(live, self._client)
        self.anomalies = anomalies(live)
        self.forecast = LiveForecast(live)
        self._fetched: dict[Port, Callable[[], datetime | None]] = {
            Port.INVENTORY: lambda: inventory.fetched_at,
            Port.USAGE: lambda: measured.fetched_at,
            Port.PRICES: lambda: prices.fetched_at,
            Port.COMMITMENTS: lambda: booked.fetched_at,
            Port.RECOMMENDATIONS: lambda: advice.fetched_at,
            Port.BUDGETS: lambda: self.budgets.fetched_at,
            Port.ANOMALIES: lambda: self.anomalies.fetched_at,
        }
        self.inventory = Reached(inventory, self._reach.unasked)
        self.usage = Reached(measured, self._reach.unasked)
        self.prices = prices
        self.commitments = Reached(booked, unreached)
        self.recommendations = Reached(advice, unreached)

    def fetched_at(self, port: Port) -> datetime | None:
        """When the last answer of a port was read from AWS; null before the first one."""
        return self._fetched[port]() if port in self._fetched else None

    async def _known(self) -> Scope:
        """The same accounts, all in the same regions: with charges of any, else those that our own has enabled."""
        scope = await self._reach.scope()
        if scope.regions is not None:
            return scope
        if scope.places:
            regions = sorted({region for _, own in scope.places for region in own})
            return Scope(accounts=scope.accounts, regions=tuple(regions), partition=scope.partition)
        kept = await self._live.answers.get(
            f"regions {scope.accounts[0]}", _REGIONS_FOR, lambda: off_loop(self._regions, scope.home)
        )
        return Scope(accounts=scope.accounts, regions=_NAMES.validate_json(kept.body), partition=scope.partition)

    def _regions(self, home: str) -> str:
        client = self._client("ec2", home, None)
        try:
            found = [one["RegionName"] for page in pages(client, "describe_regions", {}) for one in page["Regions"]]
        except Exception as error:
            raise self._live.told(error, "ec2:DescribeRegions", None) from error
        return _NAMES.dump_json(tuple(sorted(found))).decode()

    def _client(self, service: str, region: str, account: str | None) -> Any:
        """A client whose every request, paged and repeated ones too, is paced by service and place."""
        client = self._live.sessions.client(service, region, account)
        limiter = self._live.limiter(f"{service} in {region} of {account}")

        def wait(**_: object) -> None:
            limiter.wait()

        client.meta.events.register("before-send", wait, unique_id="skyledger-pacing")
        return client

    async def _used(self) -> tuple[Mapping[str, float], tuple[Gap, ...]]:
        """How far commitments were used, where paid requests are allowed at all."""
        if not self._live.settings.daily_purse:
            return {}, ()
        told, gaps, _ = await of_payers(self._live, "utilization", partial(used_shares, self._live))
        return {name: share for shares in told for name, share in shares.items()}, gaps

    def _paid(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return paid(self._live, self._live.sessions.payers()[0], operation, arguments)
