"""The prices port: the SKUs of one service, beside them its machines, and contract prices where they are exported."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter

from servers.gcp.billing_accounts import billing_accounts
from servers.gcp.billing_exports.discovery import ExportTables
from servers.gcp.live import Live
from servers.gcp.prices.contracts import Key, contracts
from servers.gcp.prices.machines import machine_prices
from servers.gcp.prices.skus import prices_of
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.live.threads import off_loop
from servers.kit.ports import Slice
from shared_models.errors import FinOpsError, InvalidArgumentError
from shared_models.pricing import SkuPrice

FRESH_FOR: Final = timedelta(days=7)
COMPUTE: Final = "Compute Engine"
COMPUTE_ID: Final = "6F81-5844-456A"
_ALL: Final = {"page_size": 5_000}
_MOST: Final = 5_000
_NAMES: Final = TypeAdapter(dict[str, str])


class LivePrices:
    """Prices by service and region; together the services have too many SKUs to ask for, so one has to be named."""

    def __init__(self, live: Live, tables: ExportTables) -> None:
        self._live = live
        self._tables = tables
        self._kept = KeptItems(
            SkuPrice,
            self._read,
            live.folder / "live" / "prices",
            live.clock,
            fresh_for=FRESH_FOR,
            asks=("service", "region_id"),
        )

    @property
    def fetched_at(self) -> datetime | None:
        """When the last answer was read."""
        return self._kept.fetched_at

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[SkuPrice]:
        """Prices of one service, in one region where one is named.

        Raises:
            InvalidArgumentError: no service is named, or Google sells none of that name.
            FinOpsError: Google refuses or fails.

        """
        named = conditions.get("service_name")
        if named is None:
            raise InvalidArgumentError(
                "service_name", "The Catalog of Google Cloud is asked by service.", hint=f"For example {COMPUTE}."
            )
        services = await self._services()
        service = services.get(str(named), str(named) if str(named) in services.values() else None)
        if service is None:
            raise InvalidArgumentError(
                "service_name", f"Google sells no service {named}.", hint="Use its name on the bill, or its id."
            )
        asked = {name: conditions.get(name) for name in ("region_id", "sku_id")}
        return await self._kept.page({"service": service, **asked}, offset=offset, limit=limit)

    async def _services(self) -> Mapping[str, str]:
        """Name on the bill -> id of the service; asked once a week."""

        async def ask() -> str:
            found = await off_loop(lambda: list(self._live.items("cloudcatalog", "list_services", _ALL, "services")))
            return _NAMES.dump_json({one.display_name: one.service_id for one in found}).decode()

        return _NAMES.validate_json((await self._live.answers.get("catalog services", FRESH_FOR, ask)).body)

    async def _read(self, asked: Mapping[str, object]) -> Found[SkuPrice]:
        service, region = str(asked["service"]), asked.get("region_id")
        currency = await self._currency()
        agreed, gaps = await off_loop(contracts, self._live, self._tables, service)
        found = await off_loop(self._listed, service, str(region) if region else None, currency, agreed)
        ordered = sorted(found, key=lambda one: (one.pricing_category, one.sku_id, one.sku_price_id or ""))
        return Found(tuple(ordered), gaps)

    def _listed(self, service: str, region: str | None, currency: str, agreed: Mapping[Key, Decimal]) -> list[SkuPrice]:
        """Blocking."""

        def contract(*key: Any) -> Decimal | None:
            return agreed.get(key)

        request = {"parent": f"services/{service}", "page_size": _MOST, "currency_code": currency}
        now = self._live.clock()
        skus = self._live.items("cloudcatalog", "list_skus", request, "skus", on=f"services/{service}")
        found = [price for sku in skus for price in prices_of(sku, region, contract, now)]
        return [*found, *machine_prices(found)] if service == COMPUTE_ID else found

    async def _currency(self) -> str:
        """The one in which all billing accounts pay, else USD."""
        try:
            said = {one.currency for one in await billing_accounts(self._live)}
        except FinOpsError:
            said = set[str]()
        return said.pop() if len(said) == 1 else "USD"
