"""Contract prices by the pricing export in BigQuery: they win over the list where they exist."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from servers.gcp.billing_exports.discovery import ExportTable, ExportTables, Kind
from servers.gcp.billing_exports.queries import run
from servers.gcp.gaps import gap_of
from servers.gcp.live import Live
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError

DAYS: Final = 4
"""The export is written once a day: the newest of these days has every SKU, and no older ones are billed."""
Key = tuple[str, str | None, Decimal, str]
"""(SKU, region, start of the tier, currency)."""
_PRICES: Final = (
    "SELECT t.sku.id AS sku_id, t.geo_taxonomy.regions AS regions, t.account_currency_code AS currency,"
    " t.billing_account_id AS account, t.export_time AS export_time, t.billing_account_price.tiered_rates AS tiers"
    " FROM `{table}` AS t WHERE t._PARTITIONTIME >= TIMESTAMP('{since}') AND t.service.id = @service"
)


def contracts(live: Live, tables: ExportTables, service: str) -> tuple[Mapping[Key, Decimal], tuple[Gap, ...]]:
    """What each SKU of a service costs by contract, and the exports that could not be read; blocking.

    Where several billing accounts pay different prices for one SKU there is no one price, and none is said.
    """
    try:
        found = tables.found()
    except FinOpsError as error:
        return {}, (gap_of("contract prices", error),)
    gaps = list(found.gaps)
    rows: list[Mapping[str, Any]] = []
    for table in found.of(Kind.PRICING):
        try:
            rows += _asked(live, table, service)
        except FinOpsError as error:
            gaps.append(gap_of(f"contract prices in {table.name}", error))
    return _by_key(rows), tuple(gaps)


def _asked(live: Live, table: ExportTable, service: str) -> tuple[Mapping[str, Any], ...]:
    from google.cloud import bigquery  # noqa: PLC0415 - not before the first live question

    since = live.clock() - timedelta(days=DAYS)
    sql = _PRICES.format(table=table.name, since=f"{since:%Y-%m-%d}")
    parameters = (bigquery.ScalarQueryParameter("service", "STRING", service),)
    return run(live, sql, on=table.resource, location=table.location, parameters=parameters).rows


def _by_key(rows: Iterable[Mapping[str, Any]]) -> dict[Key, Decimal]:
    """The newest price of each account, where all accounts have the same."""
    newest: dict[Key, dict[str, Decimal]] = defaultdict(dict)
    for row in sorted(rows, key=lambda one: one["export_time"]):
        for tier in row["tiers"] or ():
            price = Decimal(tier["account_currency_amount"]) / Decimal(tier.get("pricing_unit_quantity") or 1)
            for region in row["regions"] or (None,):
                key = (
                    str(row["sku_id"]),
                    region,
                    Decimal(tier["start_usage_amount"]).normalize(),
                    str(row["currency"]),
                )
                newest[key][str(row["account"])] = price
    return {key: next(iter(by.values())) for key, by in newest.items() if len(set(by.values())) == 1}
