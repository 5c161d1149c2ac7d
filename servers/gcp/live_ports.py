"""The live ports beside costs: inventory, recommendations and commitments, over one `Live`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from servers.gcp.commitments import commitments
from servers.gcp.inventory.port import inventory
from servers.gcp.live import Live
from servers.gcp.organisation import LiveOrganisation
from servers.gcp.recommendations.port import recommendations
from shared_models.coverage import Freshness
from shared_models.server_card import Port

_ORIGINS: Final = {
    Port.INVENTORY: "Cloud Asset Inventory",
    Port.RECOMMENDATIONS: "Recommender",
    Port.COMMITMENTS: "Cloud Asset Inventory",
}


class LivePorts:
    """One object per server; nothing here asks Google before the first question."""

    def __init__(self, live: Live, organisation: LiveOrganisation) -> None:
        self.inventory = inventory(live)
        self.recommendations = recommendations(live, self.inventory)
        self.commitments = commitments(live, self.inventory, organisation)
        self._fetched: Mapping[Port, Callable[[], datetime | None]] = {
            Port.INVENTORY: lambda: self.inventory.fetched_at,
            Port.RECOMMENDATIONS: lambda: self.recommendations.fetched_at,
            Port.COMMITMENTS: lambda: self.commitments.fetched_at,
        }

    @property
    def offered(self) -> tuple[Port, ...]:
        """The ports that answer."""
        return tuple(self._fetched)

    def freshness(self, port: Port) -> tuple[Freshness, ...]:
        """When the last answer of a port was read from Google."""
        return (Freshness(source="gcp", fetched_at=self._fetched[port](), origin=_ORIGINS[port]),)
