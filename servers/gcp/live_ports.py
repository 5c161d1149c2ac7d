"""The live ports beside costs: inventory, usage, prices, recommendations and commitments, over one `Live`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from servers.gcp.billing_exports.discovery import ExportTables
from servers.gcp.commitments import commitments
from servers.gcp.inventory.port import inventory
from servers.gcp.live import Live
from servers.gcp.organisation import LiveOrganisation
from servers.gcp.prices.port import LivePrices
from servers.gcp.recommendations.port import recommendations
from servers.gcp.usage import usage
from shared_models.coverage import Freshness
from shared_models.server_card import Port

_ORIGINS: Final = {
    Port.INVENTORY: "Cloud Asset Inventory",
    Port.USAGE: "Cloud Monitoring",
    Port.PRICES: "Cloud Billing Catalog and the pricing export",
    Port.RECOMMENDATIONS: "Recommender",
    Port.COMMITMENTS: "Cloud Asset Inventory and the commitment export",
}


class LivePorts:
    """One object per server; nothing here asks Google before the first question."""

    def __init__(self, live: Live, organisation: LiveOrganisation, tables: ExportTables) -> None:
        self.inventory = inventory(live)
        self.recommendations = recommendations(live, self.inventory)
        self.commitments = commitments(live, self.inventory, organisation, tables)
        self.usage = usage(live, self.inventory)
        self.prices = LivePrices(live, tables)
        self._fetched: Mapping[Port, Callable[[], datetime | None]] = {
            Port.INVENTORY: lambda: self.inventory.fetched_at,
            Port.USAGE: lambda: self.usage.fetched_at,
            Port.PRICES: lambda: self.prices.fetched_at,
            Port.RECOMMENDATIONS: lambda: self.recommendations.fetched_at,
            Port.COMMITMENTS: lambda: self.commitments.fetched_at,
        }

    @property
    def offered(self) -> tuple[Port, ...]:
        """The ports that answer."""
        return tuple(_ORIGINS)

    def freshness(self, port: Port) -> tuple[Freshness, ...]:
        """When the last answer of a port was read from Google."""
        return (Freshness(source="gcp", fetched_at=self._fetched[port](), origin=_ORIGINS[port]),)
