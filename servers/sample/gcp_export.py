"""Google Cloud's two tables of one bill, as Parquet dumps: the FOCUS export and the detailed billing export.

They say the same: the sum of BilledCost in the first is the sum of cost and credits in the second, to the digit.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from servers.sample.estates import Estate
from servers.sample.sql import copy_parquet

_USAGE: Final = "category = 'Usage' AND class IS NULL AND origin <> 'unused'"
_ZONAL: Final = "native_type IN ('compute.googleapis.com/Instance', 'compute.googleapis.com/Disk')"
_PRICED: Final = "category IN ('Usage', 'Purchase')"
_COST_TYPE: Final = (
    "CASE WHEN {0}category = 'Tax' THEN 'tax' WHEN {0}category = 'Adjustment' THEN 'rounding_error'"
    " WHEN {0}class IS NULL THEN 'regular' ELSE 'adjustment' END"
)
_LABELS: Final = "list_transform(map_entries(COALESCE({}, MAP {{}})), lambda p: {{'key': p.key, 'value': p.value}})"
_TAGS: Final = _LABELS.format("tags")


def _numeric(column: str) -> str:
    return f"CAST({column} AS DECIMAL(38,9))"


def _double(column: str) -> str:
    return f"CAST(CAST({column} AS VARCHAR) AS DOUBLE)"


FOCUS: Final[Mapping[str, str]] = {
    "AvailabilityZone": f"CASE WHEN {_ZONAL} THEN region_id || '-b' END",
    "BilledCost": _numeric("billed_cost"),
    "BillingAccountId": "billing_account_id",
    "BillingAccountName": "billing_account_name",
    "BillingAccountType": "billing_account_type",
    "BillingCurrency": "currency",
    "BillingPeriodEnd": "period_end",
    "BillingPeriodStart": "period_start",
    "ChargeCategory": "category",
    "ChargeClass": "class",
    "ChargeDescription": "charge_description",
    "ChargeFrequency": "frequency",
    "ChargePeriodEnd": "end_at",
    "ChargePeriodStart": "start_at",
    "CommitmentDiscountCategory": "commitment_category",
    "CommitmentDiscountId": "commitment_id",
    "CommitmentDiscountName": "commitment_name",
    "CommitmentDiscountQuantity": _numeric("commitment_quantity"),
    "CommitmentDiscountStatus": "commitment_status",
    "CommitmentDiscountType": "commitment_type",
    "CommitmentDiscountUnit": "commitment_unit",
    "ConsumedQuantity": f"CASE WHEN {_USAGE} THEN {_numeric('quantity')} END",
    "ConsumedUnit": f"CASE WHEN {_USAGE} THEN unit END",
    "ContractedCost": _numeric("contracted_cost"),
    "ContractedUnitPrice": "contracted_price",
    "EffectiveCost": _numeric("effective_cost"),
    "InvoiceId": "invoice_id",
    "InvoiceIssuerName": "issuer",
    "ListCost": _numeric("list_cost"),
    "ListUnitPrice": "list_price",
    "PricingCategory": "pricing_category",
    "PricingCurrency": "currency",
    "PricingQuantity": _numeric("quantity"),
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
    "SkuId": f"CASE WHEN {_PRICED} THEN sku_id END",
    "SkuMeter": f"CASE WHEN {_PRICED} THEN sku_description END",
    "SkuPriceId": f"CASE WHEN {_PRICED} THEN sku_price_id END",
    "SubAccountId": "sub_account_id",
    "SubAccountName": "sub_account_name",
    "SubAccountType": "sub_account_type",
    "Tags": _TAGS,
    "x_CostType": _COST_TYPE.format(""),
    "x_CreditType": "credit_type",
    "x_CurrencyConversionRate": "CAST(1 AS DOUBLE)",
    "x_InvoiceMonth": "strftime(billing_month, '%Y%m')",
    "x_ServiceId": "service_code",
}

_CREDIT: Final = 'STRUCT("name" VARCHAR, amount DOUBLE, full_name VARCHAR, id VARCHAR, "type" VARCHAR)[]'
_COST: Final = "CASE WHEN b.origin = 'covered' THEN b.contracted_cost ELSE b.billed_cost END"
DETAILED: Final[Mapping[str, str]] = {
    "billing_account_id": "b.billing_account_id",
    "service": "{'id': b.service_code, 'description': b.service_name}",
    "sku": "{'id': b.sku_id, 'description': b.sku_description}",
    "usage_start_time": "b.start_at AT TIME ZONE 'UTC'",
    "usage_end_time": "b.end_at AT TIME ZONE 'UTC'",
    "project": "CASE WHEN b.sub_account_id IS NOT NULL THEN {'id': b.sub_account_id, 'number':"
    " CAST(md5_number_lower(b.sub_account_id) % 1000000000000 AS VARCHAR), 'name': b.sub_account_name, 'labels':"
    " [{'key': 'cost-center', 'value': lower(b.cost_centre)}], 'ancestry_numbers': '/472910385561/', 'ancestors':"
    " list_transform(b.path, lambda p: {'resource_name': 'folders/' || CAST(md5_number_lower(p) % 1000000000000 AS"
    " VARCHAR), 'display_name': p})} END",
    "labels": _LABELS.format("b.tags"),
    "system_labels": "CASE WHEN b.native_type = 'compute.googleapis.com/Instance' THEN"
    " [{'key': 'compute.googleapis.com/machine_spec', 'value': b.usage_type}] ELSE [] END",
    "location": "{'location': b.region_id, 'country': NULL::VARCHAR, 'region': b.region_id,"
    f" 'zone': CASE WHEN b.{_ZONAL} THEN b.region_id || '-b' END}}",
    "tags": 'CAST([] AS STRUCT("key" VARCHAR, "value" VARCHAR, inherited BOOLEAN, "namespace" VARCHAR)[])',
    "transaction_type": "CASE WHEN b.sku = 'marketplace' THEN 'THIRD_PARTY_RESELLER' ELSE 'GOOGLE' END",
    "seller_name": "CASE WHEN b.sku = 'marketplace' THEN b.publisher ELSE 'Google' END",
    "export_time": "(b.end_at + INTERVAL 9 HOUR) AT TIME ZONE 'UTC'",
    "cost": _double(_COST),
    "currency": "b.currency",
    "currency_conversion_rate": "CAST(1 AS DOUBLE)",
    "usage": "{'amount': CAST(b.quantity AS DOUBLE), 'unit': b.unit,"
    " 'amount_in_pricing_units': CAST(b.quantity AS DOUBLE), 'pricing_unit': b.unit}",
    "credits": f"CAST(CASE WHEN b.origin = 'covered' THEN [{{'name': b.commitment_name, 'amount':"
    f" {_double('-b.contracted_cost')}, 'full_name': b.commitment_name, 'id': b.commitment_id, 'type':"
    " 'COMMITTED_USAGE_DISCOUNT'}] WHEN n.amount IS NOT NULL THEN [{'name': n.description, 'amount':"
    f" {_double('n.amount')}, 'full_name': n.description, 'id': n.credit_type, 'type': n.credit_type}}] ELSE [] END"
    f" AS {_CREDIT})",
    "invoice": "{'month': strftime(b.billing_month, '%Y%m'), 'publisher_type': CASE WHEN b.sku = 'marketplace' THEN"
    " 'PARTNER' ELSE 'GOOGLE' END}",
    "cost_type": _COST_TYPE.format("b."),
    "adjustment_info": "CASE WHEN b.class IS NOT NULL THEN {'id': md5(b.charge_description), 'description':"
    " b.charge_description, 'mode': 'PARTIAL_CORRECTION', 'type': 'GENERAL_ADJUSTMENT'} END",
    "cost_at_list": _double("b.list_cost"),
    "price": "{'effective_price': b.contracted_price, 'tier_start_amount': CAST(0 AS DECIMAL(18,9)), 'unit': b.unit,"
    " 'pricing_unit_quantity': CAST(1 AS DECIMAL(18,9))}",
    "resource": "{'name': b.resource_name, 'global_name': b.resource_id}",
    "subscription": "{'instance_id': CASE WHEN b.origin IN ('covered', 'purchase') THEN b.commitment_id END}",
    "consumption_model": "{'id': CASE WHEN b.origin = 'covered' THEN '7754-699E-0EBF' ELSE '0000-0000-0000' END,"
    " 'description': CASE WHEN b.origin = 'covered' THEN 'Committed use' ELSE 'Default' END}",
}


def write_gcp(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, folder: Path) -> None:
    """Write one invoice month into both tables."""
    account = estate.billing_account_id.replace("-", "_")
    select = ", ".join(f'{sql} AS "{name}"' for name, sql in FOCUS.items())
    file = folder / f"gcp_billing_export_focus_{account}" / f"{month:%Y%m}.parquet"
    copy_parquet(connection, f"SELECT {select} FROM bill", file, "snappy")
    select = ", ".join(f'{sql} AS "{name}"' for name, sql in DETAILED.items())
    nested = (
        "SELECT line_key, start_at, billed_cost AS amount, credit_type, description FROM charge"
        " WHERE origin = 'nested credit'"
    )
    copy_parquet(
        connection,
        f"SELECT {select} FROM bill b LEFT JOIN ({nested}) n ON n.line_key = b.line_key AND n.start_at = b.start_at"
        " AND b.origin = 'usage' WHERE b.origin NOT IN ('nested credit', 'unused')",
        folder / f"gcp_billing_export_resource_v1_{account}" / f"{month:%Y%m}.parquet",
        "snappy",
    )
