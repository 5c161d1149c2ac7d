"""The bulk port of live Google Cloud: read what changed in the exports, then hand over every bill."""

from servers.gcp.billing_exports.bills import JUST_NOW, LiveBills
from servers.kit.exported.cloud import within
from servers.kit.exported.focus_files import FocusFiles
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap
from shared_models.export import ConvertedDataset, ConvertedExport
from shared_models.period import ChargePeriod


class LiveExports:
    """The bills of all billing accounts, and the FOCUS files that lie beside them locally."""

    def __init__(self, bills: LiveBills, focus: FocusFiles) -> None:
        self._bills = bills
        self._focus = focus

    async def convert(self, period: ChargePeriod | None) -> tuple[ConvertedExport, ...]:
        """Every export, with the parts whose charges touch the period.

        Raises:
            SourceNotEnabledError: there is no export.
            FinOpsError: Google refuses or fails, or a purse is empty, and nothing is mirrored yet.

        """
        await off_loop(self._bills.refresh, JUST_NOW)
        return within(await off_loop(self._bills.converted), period)

    async def datasets(self) -> tuple[ConvertedDataset, ...]:
        """The other FOCUS datasets of the local folder."""
        return await off_loop(self._focus.converted)

    def gaps(self) -> tuple[Gap, ...]:
        """Exports that could not be read, and days that they lack."""
        return self._bills.gaps
