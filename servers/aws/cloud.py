"""Amazon Web Services as a cloud: for each port the best source there is, AWS itself where live is on."""

from collections.abc import Mapping

from servers.aws.live import Live
from servers.kit.exported.cloud import ExportedCloud
from servers.kit.ports import Costs, Exports, Identity, Pages
from shared_models.commitment import CommitmentDiscount
from shared_models.coverage import Freshness
from shared_models.inventory import Resource
from shared_models.organisation import SubAccount
from shared_models.pricing import SkuPrice
from shared_models.recommendation import Recommendation
from shared_models.server_card import Access, Port, Purse
from shared_models.usage import UsageFact


class Aws:
    """AWS, asked live; what is not asked live comes from the folder of exported data."""

    name = "aws"
    mode = "live, with exported data where there is any"

    def __init__(self, exported: ExportedCloud, live: Live) -> None:
        self._exported = exported
        self._live = live

    @property
    def costs(self) -> Costs:
        """Costs from exported bills."""
        return self._exported.costs

    @property
    def exports(self) -> Exports:
        """The bills in bulk."""
        return self._exported.exports

    @property
    def inventory(self) -> Pages[Resource]:
        """What runs."""
        return self._exported.inventory

    @property
    def usage(self) -> Pages[UsageFact]:
        """Metrics."""
        return self._exported.usage

    @property
    def prices(self) -> Pages[SkuPrice]:
        """Prices."""
        return self._exported.prices

    @property
    def commitments(self) -> Pages[CommitmentDiscount]:
        """Commitments."""
        return self._exported.commitments

    @property
    def recommendations(self) -> Pages[Recommendation]:
        """AWS's own proposals."""
        return self._exported.recommendations

    @property
    def organisation(self) -> Pages[SubAccount]:
        """The account tree."""
        return self._exported.organisation

    def offers(self) -> Mapping[Port, bool]:
        """Which ports answer."""
        return self._exported.offers()

    async def identity(self) -> Identity:
        """Who we are."""
        return await self._exported.identity()

    async def access(self) -> Access:
        """What our credentials reach."""
        return Access()

    async def purses(self) -> tuple[Purse, ...]:
        """What paid calls may still cost today."""
        return (self._live.purse.card(),)

    def freshness(self, port: Port) -> tuple[Freshness, ...]:
        """How old a port's data is."""
        return self._exported.freshness(port)
