"""A cloud as its exported data shows it: every port that the folder has files for."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import anyio.to_thread

from servers.kit.exported.bills import Bills, Booked
from servers.kit.exported.costs import ExportedCosts
from servers.kit.exported.focus_files import FocusFiles
from servers.kit.exported.tables import Table
from servers.kit.exports.native import NativeFormat
from servers.kit.ports import ForecastAnswer, Identity
from shared_models.anomaly import CostAnomaly
from shared_models.budget import Budget
from shared_models.commitment import CommitmentDiscount
from shared_models.coverage import DatedBy, Freshness, Gap
from shared_models.errors import SourceNotEnabledError
from shared_models.export import ConvertedDataset, ConvertedExport
from shared_models.forecast import ForecastQuery
from shared_models.inventory import Resource
from shared_models.organisation import SubAccount
from shared_models.period import ChargePeriod, parse_instant
from shared_models.pricing import SkuPrice
from shared_models.recommendation import Recommendation
from shared_models.server_card import Access, Port, Purse
from shared_models.usage import UsageFact


class ExportedExports:
    """The bulk port over converted bills and the FOCUS files beside them."""

    def __init__(self, bills: Booked, focus: FocusFiles) -> None:
        self._bills = bills
        self._focus = focus

    def gaps(self) -> tuple[Gap, ...]:
        """A folder is whole as it is."""
        return ()

    async def datasets(self) -> tuple[ConvertedDataset, ...]:
        """The other FOCUS datasets of the folder."""
        return await anyio.to_thread.run_sync(self._focus.converted)

    async def convert(self, period: ChargePeriod | None) -> tuple[ConvertedExport, ...]:
        """Every export, with the parts whose charges touch the period."""
        return within(await anyio.to_thread.run_sync(self._bills.converted), period)


def within(found: tuple[ConvertedExport, ...], period: ChargePeriod | None) -> tuple[ConvertedExport, ...]:
    """Every export, with the parts whose charges touch the period."""
    if period is None:
        return found
    return tuple(
        export.model_copy(
            update={
                "parts": tuple(
                    part
                    for part in export.parts
                    if part.charge_period_min < period.end and part.charge_period_max > period.start
                )
            }
        )
        for export in found
    )


class NoForecast:
    """What a cloud has that does not forecast: files do not look ahead."""

    def __init__(self, cloud: str) -> None:
        self._cloud = cloud

    async def ask(self, query: ForecastQuery) -> ForecastAnswer:
        """Refuse.

        Raises:
            SourceNotEnabledError: always.

        """
        raise SourceNotEnabledError("forecast", source=f"{self._cloud} (exported data)", hint=no_forecast(self._cloud))


def no_forecast(cloud: str) -> str:
    """What to do where exported data is asked for a forecast."""
    return f"Only a live connection to {cloud.upper()} asks the cloud for its forecast."


class ExportedCloud:
    """One cloud's folder: `costs/`, `inventory.parquet`, `usage.parquet`, `prices.parquet` and so on."""

    mode = "exported data"

    def __init__(self, name: str, folder: Path | None, cache: Path, natives: Sequence[NativeFormat]) -> None:
        self.name = name
        self.folder = folder
        root = folder or Path("/nonexistent")
        self.bills = Bills(root, cache, name, natives)
        self.focus = FocusFiles(root, cache, name)
        self.inventory = Table(root / "inventory.parquet", Resource, ("resource_type", "resource_id"))
        self.usage = Table(root / "usage.parquet", UsageFact, ("resource_id", "metric", "start"))
        self.prices = Table(root / "prices.parquet", SkuPrice, ("service_name", "sku_id", "region_id"))
        self.commitments = Table(root / "commitments.parquet", CommitmentDiscount, ("commitment_discount_id",))
        self.recommendations = Table(
            root / "recommendations.parquet",
            Recommendation,
            ("recommendation_id",),
            largest="estimated_monthly_savings",
        )
        self.budgets = Table(root / "budgets.parquet", Budget, ("budget_id",))
        self.anomalies = Table(root / "anomalies.parquet", CostAnomaly, ("anomaly_id",), largest="first_day")
        self.forecast = NoForecast(name)
        self.organisation = Table(root / "organisation.parquet", SubAccount, ("sub_account_id", "valid_from"))

    @property
    def costs(self) -> ExportedCosts:
        """Costs from the bills."""
        self._require_bills()
        return ExportedCosts(self.bills)

    @property
    def exports(self) -> ExportedExports:
        """The bills in bulk."""
        self._require_bills()
        return ExportedExports(self.bills, self.focus)

    def offers(self) -> dict[Port, bool]:
        """Which ports the folder can serve."""
        has_bills = self.folder is not None and (self.folder / "costs").is_dir()
        return {
            Port.COSTS: has_bills,
            Port.EXPORTS: has_bills,
            Port.INVENTORY: self.inventory.present,
            Port.USAGE: self.usage.present,
            Port.PRICES: self.prices.present,
            Port.COMMITMENTS: self.commitments.present,
            Port.RECOMMENDATIONS: self.recommendations.present,
            Port.ORGANISATION: self.organisation.present,
            Port.BUDGETS: self.budgets.present,
            Port.ANOMALIES: self.anomalies.present,
            Port.FORECAST: False,
        }

    async def identity(self) -> Identity:
        """Who the exports belong to, as `source.json` beside them says."""
        said = self._said
        accounts = None
        if self.organisation.present:
            accounts = (await self.organisation.page({}, offset=0, limit=1)).total
        return Identity(
            principal=said.get("principal"),
            billing_account_ids=tuple(said.get("billing_account_ids", ())),
            sub_accounts=accounts,
            regions=tuple(said.get("regions", ())),
        )

    async def access(self) -> Access:
        """Files need no permission of a cloud."""
        return Access()

    async def purses(self) -> tuple[Purse, ...]:
        """Files cost nothing."""
        return ()

    def freshness(self, port: Port) -> tuple[Freshness, ...]:
        """How old the folder's data is."""
        if self.folder is None:
            return ()
        said = self._said.get("data_as_of")
        as_of = parse_instant(said) if said else datetime.fromtimestamp(self.folder.stat().st_mtime, UTC)
        dated_by = DatedBy.MANIFEST if said else DatedBy.FILE_TIME
        origin = f"exported {port.value}"
        return (Freshness(source=self.name, data_as_of=as_of, dated_by=dated_by, fetched_at=None, origin=origin),)

    @cached_property
    def _said(self) -> Mapping[str, Any]:
        file = self.folder / "source.json" if self.folder else None
        return json.loads(file.read_text(encoding="utf-8")) if file and file.is_file() else {}

    def _require_bills(self) -> None:
        if not self.offers()[Port.COSTS]:
            raise SourceNotEnabledError(
                "costs",
                source=f"{self.name} (no exported bills)",
                hint=f"Set SKYLEDGER_{self.name.upper()}_EXPORTS to a folder with costs/, or start with --sample.",
            )
