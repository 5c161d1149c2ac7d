"""The bulk port of live Azure: look for new deliveries, then hand over every bill."""

from servers.azure.cost_exports.bills import LiveBills
from servers.kit.exported.cloud import within
from servers.kit.exported.focus_files import FocusFiles
from servers.kit.live.mirror.bills import JUST_NOW
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap
from shared_models.export import ConvertedDataset, ConvertedExport
from shared_models.period import ChargePeriod


class LiveExports:
    """The bills of all scopes, and the FOCUS files that lie beside them locally."""

    def __init__(self, bills: LiveBills, focus: FocusFiles) -> None:
        self._bills = bills
        self._focus = focus

    async def convert(self, period: ChargePeriod | None) -> tuple[ConvertedExport, ...]:
        """Every export, with the parts whose charges touch the period.

        Raises:
            SourceNotEnabledError: there is no export.
            FinOpsError: Azure refuses or fails, and nothing is mirrored yet.

        """
        await self._bills.look(JUST_NOW)
        return within(await off_loop(self._bills.converted), period)

    async def datasets(self) -> tuple[ConvertedDataset, ...]:
        """The other FOCUS datasets of the local folder."""
        return await off_loop(self._focus.converted)

    def gaps(self) -> tuple[Gap, ...]:
        """Places that could not be looked at."""
        return self._bills.gaps
