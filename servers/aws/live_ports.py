"""The live ports beside costs: inventory, usage, prices, commitments, recommendations, over one set of clients."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from servers.aws.commitments import commitments
from servers.aws.cost_explorer.pages import paid
from servers.aws.inventory.port import LiveInventory
from servers.aws.inventory.scan import Scope
from servers.aws.live import Live
from servers.aws.organisation import LiveOrganisation
from servers.aws.paging import pages
from servers.aws.prices.port import LivePrices
from servers.aws.recommendations.port import recommendations
from servers.aws.usage import usage
from servers.kit.threads import off_loop
from shared_models.errors import FinOpsError
from shared_models.server_card import Port

_REGIONS_FOR: Final = timedelta(hours=24)
_NAMES: Final = TypeAdapter(tuple[str, ...])


class LivePorts:
    """One object per server; nothing here asks AWS before the first question."""

    def __init__(self, live: Live, organisation: LiveOrganisation) -> None:
        self._live = live
        self._organisation = organisation
        folder, clock = live.folder / "live", live.clock
        self.inventory = LiveInventory(self._client, self._everywhere, folder / "inventory", clock)
        self.usage = usage(self._client, self.inventory, folder / "usage", clock)
        self.prices = LivePrices(self._client, self._known, folder / "prices", clock)
        self.commitments = commitments(self._client, self._known, folder / "commitments", clock)
        self.recommendations = recommendations(self._client, self._known, self._paid, folder / "recommendations", clock)

    def fetched_at(self, port: Port) -> datetime | None:
        """When the last answer of a port was read from AWS; null before the first one."""
        ports = {
            Port.INVENTORY: self.inventory,
            Port.USAGE: self.usage,
            Port.PRICES: self.prices,
            Port.COMMITMENTS: self.commitments,
            Port.RECOMMENDATIONS: self.recommendations,
        }
        return ports[port].fetched_at if port in ports else None

    async def _everywhere(self) -> Scope:
        """Every account that we can be in; each one's enabled regions where the settings name none."""
        caller = await off_loop(self._live.sessions.caller)
        settings = self._live.settings
        # Without a role only our own credentials and the named profiles reach an account.
        others: tuple[str, ...] = tuple(sorted(settings.profiles))
        if settings.role:
            try:
                accounts, _ = await self._organisation.accounts()
            except FinOpsError:
                accounts = ()
            others = (*others, *(one.sub_account_id for one in accounts if one.valid_to is None))
        return Scope(
            accounts=tuple(dict.fromkeys((caller.account, *others))),
            regions=settings.regions,
            partition=caller.partition,
        )

    async def _known(self) -> Scope:
        """The same accounts, in the regions that our own account has enabled where the settings name none."""
        scope = await self._everywhere()
        if scope.regions is not None:
            return scope
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

    def _paid(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return paid(self._live, self._live.sessions.payers()[0], operation, arguments)
