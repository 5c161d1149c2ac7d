"""AWS Data Exports of the FOCUS table: a manifest and Parquet for each billing period, one export a payer."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from servers.sample.estates import Estate
from servers.sample.plan import following
from servers.sample.sql import copy_parquet


def _money(column: str) -> str:
    """AWS writes doubles: the shortest one that reads as the amount."""
    return f"CAST(CAST({column} AS VARCHAR) AS DOUBLE)"


_CONSUMED: Final = "category = 'Usage' AND class IS NULL AND origin <> 'unused'"
_METHOD: Final = '{"method": "cpu and memory requests"}'
COLUMNS: Final[Mapping[str, str]] = {
    "AvailabilityZone": "CASE WHEN native_type IN ('AWS::EC2::Instance', 'AWS::EC2::Volume') THEN region_id || 'a' END",
    "BilledCost": _money("billed_cost"),
    "BillingAccountId": "billing_account_id",
    "BillingAccountName": "billing_account_name",
    "BillingAccountType": "billing_account_type",
    "BillingCurrency": "currency",
    "BillingPeriodEnd": "period_end",
    "BillingPeriodStart": "period_start",
    "CapacityReservationId": "reservation",
    "CapacityReservationStatus": "reservation_status",
    "ChargeCategory": "category",
    "ChargeClass": "class",
    "ChargeDescription": "charge_description",
    "ChargeFrequency": "frequency",
    "ChargePeriodEnd": "end_at",
    "ChargePeriodStart": "start_at",
    "CommitmentDiscountCategory": "commitment_category",
    "CommitmentDiscountId": "commitment_id",
    "CommitmentDiscountName": "commitment_name",
    "CommitmentDiscountQuantity": _money("commitment_quantity"),
    "CommitmentDiscountStatus": "commitment_status",
    "CommitmentDiscountType": "commitment_type",
    "CommitmentDiscountUnit": "commitment_unit",
    "ConsumedQuantity": f"CASE WHEN {_CONSUMED} THEN {_money('quantity')} END",
    "ConsumedUnit": f"CASE WHEN {_CONSUMED} THEN unit END",
    "ContractedCost": _money("contracted_cost"),
    "ContractedUnitPrice": _money("contracted_price"),
    "EffectiveCost": _money("effective_cost"),
    "InvoiceId": "invoice_id",
    "InvoiceIssuerName": "issuer",
    "ListCost": _money("list_cost"),
    "ListUnitPrice": _money("list_price"),
    "PricingCategory": "pricing_category",
    "PricingCurrency": "CASE WHEN currency <> 'USD' THEN 'USD' ELSE currency END",
    "PricingCurrencyContractedUnitPrice": "CAST(ROUND(contracted_price / rate, 10) AS DOUBLE)",
    "PricingCurrencyEffectiveCost": "CAST(ROUND(effective_cost / rate, 10) AS DOUBLE)",
    "PricingCurrencyListUnitPrice": "CAST(ROUND(list_price / rate, 10) AS DOUBLE)",
    "PricingQuantity": _money("quantity"),
    "PricingUnit": "CASE WHEN quantity IS NOT NULL THEN unit END",
    "ProviderName": "provider_name",
    "PublisherName": "publisher",
    "RegionId": "region_id",
    "RegionName": "region_name",
    "ResourceId": "resource_id",
    "ResourceName": "resource_name",
    "ResourceType": "native_type",
    "ServiceCategory": "service_category",
    "ServiceName": "service_name",
    "ServiceSubcategory": "service_subcategory",
    "SkuId": "CASE WHEN category IN ('Usage', 'Purchase') THEN sku_id END",
    "SkuMeter": "CASE WHEN category IN ('Usage', 'Purchase') THEN usage_type END",
    "SkuPriceDetails": "CASE WHEN category IN ('Usage', 'Purchase') THEN MAP {'UsageType': usage_type} END",
    "SkuPriceId": "CASE WHEN category IN ('Usage', 'Purchase') THEN sku_price_id END",
    "SubAccountId": "sub_account_id",
    "SubAccountName": "sub_account_name",
    "SubAccountType": "sub_account_type",
    "Tags": "tags",
    "x_Discounts": "CASE WHEN contracted_cost < list_cost THEN MAP {'EDPDiscount': CAST(contracted_cost - list_cost AS"
    " DOUBLE)} END",
    "x_Operation": "operation",
    "x_ServiceCode": "service_code",
}
_PREVIEW: Final[Mapping[str, str]] = {
    "AllocatedMethodId": "allocated_method",
    "AllocatedMethodDetails": f"CASE WHEN allocated_method IS NOT NULL THEN '{_METHOD}' END",
    "AllocatedResourceId": "allocated_id",
    "AllocatedResourceName": "allocated_name",
    "AllocatedTags": "allocated_tags",
    "HostProviderName": "provider_name",
    "ServiceProviderName": "CASE WHEN sku = 'marketplace' THEN publisher ELSE provider_name END",
}
"""The Japanese payer's export is of the next table version, with the split cost columns of FOCUS 1.3."""

EXPORTS: Final = {"aws": "quillhaven-focus", "aws-jp": "quillhaven-japan-focus"}


def write_aws(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, folder: Path) -> None:
    """Write one billing period of one payer."""
    export = EXPORTS[estate.key]
    period = f"BILLING_PERIOD={month:%Y-%m}"
    data = folder / export / "data" / period
    metadata = folder / export / "metadata" / period
    for place in (data, metadata):
        place.mkdir(parents=True, exist_ok=True)
    columns = dict(COLUMNS)
    if estate.key == "aws-jp":
        columns = {name: sql for name, sql in columns.items() if name != "ProviderName"} | dict(_PREVIEW)
        columns = dict(sorted(columns.items(), key=lambda item: (item[0].startswith("x_"), item[0])))
    file = data / f"{export}-00001.snappy.parquet"
    select = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    copy_parquet(connection, f"SELECT {select} FROM bill", file, "snappy")
    manifest = {
        "exportName": export,
        "table": "FOCUS_1_2_AWS" if estate.key == "aws" else "FOCUS_1_3_AWS_PREVIEW",
        "billingPeriod": {"start": f"{month}T00:00:00Z", "end": f"{following(month)}T00:00:00Z"},
        "account": estate.billing_account_id,
        "compression": "Parquet",
        "contentType": "Parquet",
        "columns": list(columns),
        "dataFiles": [f"s3://quillhaven-billing/exports/{export}/data/{period}/{file.name}"],
    }
    (metadata / f"{export}-Manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
