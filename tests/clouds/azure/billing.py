"""Billing accounts and profiles that the caller may read, and usage details of a scope."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from azure.mgmt.billing import models
from azure.mgmt.consumption import models as consumption

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.contract import Page
from tests.clouds.azure.errors import not_implemented
from tests.clouds.azure.exports import columns, counted
from tests.clouds.azure.ledger import identifier
from tests.clouds.azure.scope import scope_of

_RENAMED: Final[Mapping[str, str]] = {
    "subscriptionGuid": "SubscriptionId", "product": "ProductName", "productIdentifier": "ProductId", "instanceName": "ResourceId",
    "costInUSD": "costInUsd", "resourceGroup": "resourceGroupName", "billingCurrencyCode": "billingCurrency",
    "pricingCurrencyCode": "pricingCurrency", "payGPrice": "PayGPrice", "paygCostInUSD": "paygCostInUsd",
}  # fmt: skip
"""Member of a usage detail -> the column of the customer agreement, where they differ."""
_SAME: Final = (
    "billingAccountId", "billingAccountName", "billingProfileId", "billingProfileName", "subscriptionName", "meterId", "meterName",
    "meterCategory", "meterSubCategory", "meterRegion", "quantity", "unitOfMeasure", "resourceLocation", "consumedService", "costCenter",
    "invoiceId", "reservationId", "reservationName", "chargeType", "frequency", "costInBillingCurrency", "publisherType", "publisherName",
    "pricingModel", "benefitId", "benefitName", "effectivePrice", "unitPrice", "serviceFamily", "provider", "paygCostInBillingCurrency",
    "exchangeRatePricingToBilling", "costInPricingCurrency",
)  # fmt: skip
_DATES: Final[Mapping[str, str]] = {
    "date": "day", "servicePeriodStartDate": "day", "servicePeriodEndDate": "day", "billingPeriodStartDate": "billing_month",
    "billingPeriodEndDate": "billing_end - INTERVAL 1 DAY",
}  # fmt: skip


def accounts(call: Call) -> dict[str, Any]:
    """GET billingAccounts: the one that pays for both tenants, seen from its own."""
    _refuse_narrowing(call)
    if call.tenant != call.ledger.home:
        return {"value": []}
    name = call.ledger.billing_account
    said = {
        "id": f"/providers/Microsoft.Billing/billingAccounts/{name}", "name": name, "type": "Microsoft.Billing/billingAccounts",
        "properties": {
            "displayName": call.ledger.payer_name, "agreementType": "MicrosoftCustomerAgreement", "accountType": "Enterprise",
            "accountStatus": "Active", "hasReadAccess": True, "primaryBillingTenantId": call.ledger.home,
        },
    }  # fmt: skip
    return {"value": [said]}


def _refuse_narrowing(call: Call) -> None:
    if asked := sorted(name for name in _NARROWING if call.query.get(name, "false").lower() != "false"):
        raise not_implemented(f"{call.operation.name} with {', '.join(asked)}")


def profiles(call: Call) -> dict[str, Any]:
    """GET billingProfiles of the account."""
    _refuse_narrowing(call)
    scope_of(call, f"providers/Microsoft.Billing/billingAccounts/{call.names['billingAccountName']}")
    ledger = call.ledger
    said = {
        "id": ledger.payers[0], "name": ledger.billing_profile, "type": "Microsoft.Billing/billingAccounts/billingProfiles",
        "properties": {
            "displayName": ledger.payer_name, "currency": ledger.currency, "systemId": ledger.billing_profile, "status": "Active",
            "hasReadAccess": True, "invoiceDay": 5,
        },
    }  # fmt: skip
    return {"value": [said]}


def usage_details(call: Call) -> dict[str, Any]:
    """GET usageDetails of a scope (the API has no pricing model for savings plans), of the open billing period or of a span of days in `startDate` and `endDate`."""
    scope = scope_of(call, call.names["scope"])
    if "$filter" in call.query or "$expand" in call.query:
        raise not_implemented("usage details with $filter or $expand")
    metric = {"amortizedcost": "AmortizedCost"}.get(call.query.get("metric", "").lower(), "ActualCost")
    first = call.query.get("startDate") or f"{call.now:%Y-%m}-01"
    last = call.query.get("endDate") or f"{call.now:%Y-%m-%d}"
    known = columns(call.ledger, metric)
    chosen = {name: known[_RENAMED.get(name, name)] for name in (*_SAME, *_RENAMED)}
    chosen["pricingModel"] = (
        "CASE pricing_model WHEN 'OnDemand' THEN 'On Demand' WHEN 'SavingsPlan' THEN '' ELSE pricing_model END"
    )
    chosen |= {name: f"strftime({sql}, '%Y-%m-%dT00:00:00Z')" for name, sql in _DATES.items()}
    selected = ", ".join(f'{sql} AS "{name}"' for name, sql in chosen.items())
    rows = call.ledger.rows(
        f"SELECT number, {selected} FROM line WHERE {scope.where} AND {counted(metric)} AND day BETWEEN ? AND ? ORDER BY number",
        [*scope.values, first, last],
    )
    size = min(int(call.query.get("$top", call.endpoint.page_sizes.get("list", 1000))), 1000)
    page, token = call.page(rows, size, call.query.get("$skiptoken"))
    kept = "".join(
        f"&{name}={value}" for name, value in call.query.items() if name not in {"api-version", "$skiptoken"}
    )
    more = {"nextLink": call.link(call.path, skiptoken=token) + kept} if token else {}
    return {"value": [_detail(scope.id, row) for row in page], **more}


def _detail(scope: str, row: Mapping[str, Any]) -> dict[str, Any]:
    name = identifier("usage", row["number"])
    said = {
        key: float(value) if isinstance(value, Decimal) else value
        for key, value in row.items()
        if value not in {None, ""}
    }
    said.pop("number")
    return {
        "id": f"/{scope}/providers/Microsoft.Consumption/usageDetails/{name}", "name": name, "kind": "modern",
        "type": "Microsoft.Consumption/usageDetails", "properties": said,
    }  # fmt: skip


def price_sheet(call: Call) -> dict[str, Any]:
    """GET the negotiated prices of a subscription's scope, in dollars, as the sample's contract has them."""
    scope_of(call, f"subscriptions/{call.names['subscriptionId']}")
    expand = "meterdetails" in call.query.get("$expand", "").lower()
    rows = call.ledger.rows("SELECT * FROM price ORDER BY sku_price_id, region_id")
    size = min(int(call.query.get("$top", call.endpoint.page_sizes.get("list", 1000))), 1000)
    page, token = call.page(rows, size, call.query.get("$skiptoken"))
    kept = {"expand": call.query["$expand"]} if expand else {}
    more = {"nextLink": call.link(call.path, **kept, skiptoken=token)} if token else {}
    base = f"/subscriptions/{call.names['subscriptionId']}/providers/Microsoft.Consumption/pricesheets/default"
    prices = [_price(row, expand=expand) for row in page]
    return {
        "id": base,
        "name": "default",
        "type": "Microsoft.Consumption/pricesheets",
        "properties": {"pricesheets": prices, **more},
    }


def _price(row: Mapping[str, Any], *, expand: bool) -> dict[str, Any]:
    meter = {
        "meterName": row["sku_description"], "meterCategory": row["service_name"], "unit": row["pricing_unit"],
        "meterLocation": row["region_id"], "pretaxStandardRate": float(row["list_unit_price"]), "serviceName": row["service_name"],
    }  # fmt: skip
    return {
        "meterId": identifier("meter", row["sku_price_id"], row["region_id"]), "partNumber": row["sku_price_id"],
        "unitOfMeasure": row["pricing_unit"], "unitPrice": float(row["contracted_unit_price"]), "currencyCode": row["currency"],
        "includedQuantity": 0, "offerId": "MS-AZR-0017G", **({"meterDetails": meter} if expand else {}),
    }  # fmt: skip


_BILLING: Final = "/providers/Microsoft.Billing/billingAccounts"
_NARROWING: Final = frozenset(
    {"includeAll", "includeAllWithoutBillingProfiles", "includeDeleted", "includePendingAgreement", "includeResellee"}
)
"""What the SDK always sends, and false leaves as it is."""
_PAGED: Final = frozenset({"$top", "$expand", "$filter"})
OPERATIONS: Final = (
    Operation("billing:Accounts", "GET", _BILLING, accounts, reply=Page(models.BillingAccount), query=_NARROWING),
    Operation("billing:Profiles", "GET", _BILLING + "/{billingAccountName}/billingProfiles", profiles, reply=Page(models.BillingProfile), query=_NARROWING),
    Operation(
        "consumption:UsageDetails", "GET", "/{scope}/providers/Microsoft.Consumption/usageDetails", usage_details,
        reply=Page(consumption.UsageDetail), query=_PAGED | {"metric", "startDate", "endDate"},
    ),
    Operation(
        "consumption:PriceSheet", "GET", "/subscriptions/{subscriptionId}/providers/Microsoft.Consumption/pricesheets/default",
        price_sheet, reply=consumption.PriceSheetResult, query=_PAGED,
    ),
)  # fmt: skip
