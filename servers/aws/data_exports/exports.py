"""The bulk port of live AWS: look for new deliveries, then hand over every bill."""

from pathlib import Path

from servers.aws.data_exports.bills import JUST_NOW, LiveBills
from servers.aws.invoices import invoices
from servers.aws.live import Live
from servers.aws.outlook.payers import gap_of
from servers.kit.exported.cloud import within
from servers.kit.exported.focus_files import FocusFiles
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError
from shared_models.export import ConvertedDataset, ConvertedExport
from shared_models.period import ChargePeriod


class LiveExports:
    """The bills of all payers, and the FOCUS files that lie beside them locally."""

    def __init__(self, bills: LiveBills, focus: FocusFiles, live: Live, cache: Path) -> None:
        """`cache` is where datasets are kept and served from."""
        self._bills = bills
        self._focus = focus
        self._live = live
        self._cache = cache
        self._gaps: tuple[Gap, ...] = ()

    async def convert(self, period: ChargePeriod | None) -> tuple[ConvertedExport, ...]:
        """Every export, with the parts whose charges touch the period.

        Raises:
            SourceNotEnabledError: there is no export.
            FinOpsError: AWS refuses or fails, and nothing is mirrored yet.

        """
        await off_loop(self._bills.refresh, JUST_NOW)
        return within(await off_loop(self._bills.converted), period)

    async def datasets(self) -> tuple[ConvertedDataset, ...]:
        """The other FOCUS datasets of the local folder, and the invoices that AWS issued.

        Raises:
            FinOpsError: nothing lies in the folder, and AWS told no invoice.

        """
        beside = await off_loop(self._focus.converted)
        try:
            issued = await invoices(self._live, self._cache)
        except FinOpsError as error:
            if not beside:
                raise
            self._gaps = (gap_of("every payer", "invoices", error),)
            return beside
        self._gaps = ()
        return (*beside, *issued)

    def gaps(self) -> tuple[Gap, ...]:
        """Places that could not be looked at, and payers whose invoices could not be read."""
        return (*self._bills.gaps, *self._gaps)
