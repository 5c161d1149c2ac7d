"""The truth behind every reply: the Azure part of the sample organisation, read without the project's own readers.

`line` holds one row for each line item of the newest run of every billing period, with the names of Cost Management's
dimensions beside the FOCUS amounts, exact. What belongs to no subscription (support, tax, credits) has an empty one.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.clouds.ledger import Sample

_LINES: Final = """
CREATE TABLE line AS
WITH run AS (
    SELECT regexp_replace(filename, 'manifest.json$', '') AS folder
    FROM read_json('$folder/costs/*/*/*/manifest.json', filename = true)
    QUALIFY row_number() OVER (PARTITION BY runInfo.startDate ORDER BY runInfo.submittedTime DESC) = 1
), source AS (
    SELECT b.* FROM read_csv('$folder/costs/*/*/*/*.csv.gz', all_varchar = true, filename = true) b
    JOIN run ON starts_with(b.filename, run.folder)
)
SELECT
    row_number() OVER (ORDER BY filename, ChargePeriodStart, ResourceId, SkuPriceId, BilledCost) AS number,
    COALESCE(regexp_extract(SubAccountId, '([^/]+)$', 1), '') AS subscription, COALESCE(SubAccountName, '') AS subscription_name,
    CAST(CAST(ChargePeriodStart AS TIMESTAMP) AS DATE) AS day, CAST(BillingPeriodStart AS TIMESTAMP) AS billing_month,
    CAST(BillingPeriodEnd AS TIMESTAMP) AS billing_end, BillingCurrency AS currency,
    CAST(BilledCost AS DECIMAL(38,12)) AS billed, CAST(EffectiveCost AS DECIMAL(38,12)) AS effective,
    CAST(x_BilledCostInUsd AS DECIMAL(38,12)) AS billed_usd, CAST(x_EffectiveCostInUsd AS DECIMAL(38,12)) AS effective_usd,
    COALESCE(CAST(ListCost AS DECIMAL(38,12)), 0) AS list_cost, CAST(ListUnitPrice AS DECIMAL(38,12)) AS list_price,
    CAST(ContractedUnitPrice AS DECIMAL(38,12)) AS contracted_price, CAST(x_EffectiveUnitPrice AS DECIMAL(38,12)) AS effective_price,
    CAST(x_BillingExchangeRate AS DECIMAL(38,12)) AS rate,
    COALESCE(CAST(PricingQuantity AS DECIMAL(38,12)), 0) AS quantity, COALESCE(PricingUnit, '') AS unit,
    COALESCE(x_ResourceGroupName, '') AS resource_group, COALESCE(ResourceId, '') AS resource_id,
    COALESCE(x_ResourceType, '') AS resource_type, RegionName AS region_name, RegionId AS region_id, ServiceName AS service,
    ServiceCategory AS family, COALESCE(x_SkuMeterSubcategory, '') AS subcategory, COALESCE(x_SkuMeterId, '') AS meter_id,
    COALESCE(x_SkuMeterName, '') AS meter, COALESCE(x_SkuDescription, ChargeDescription, '') AS product, COALESCE(SkuId, '') AS sku_id,
    COALESCE(PublisherName, '') AS publisher,
    CASE x_PublisherCategory WHEN 'Vendor' THEN 'Marketplace' ELSE 'Azure' END AS publisher_type,
    COALESCE(InvoiceId, '') AS invoice, COALESCE(x_InvoiceSectionName, '') AS section, COALESCE(x_CostCenter, '') AS cost_centre,
    x_BillingAccountName AS payer_name, COALESCE(CommitmentDiscountId, '') AS benefit_id,
    COALESCE(CommitmentDiscountName, '') AS benefit_name, COALESCE(CommitmentDiscountType, '') AS benefit_type,
    CAST(COALESCE(CommitmentDiscountQuantity, '0') AS DECIMAL(38,12)) AS benefit_quantity,
    COALESCE(CommitmentDiscountStatus, '') AS benefit_status,
    CASE ChargeFrequency WHEN 'Usage-Based' THEN 'UsageBased' WHEN 'One-Time' THEN 'OneTime' ELSE 'Recurring' END AS frequency,
    CASE
        WHEN PricingCategory = 'Dynamic' THEN 'Spot'
        WHEN benefit_type = 'Reservation' THEN 'Reservation'
        WHEN benefit_type <> '' THEN 'SavingsPlan'
        ELSE 'OnDemand'
    END AS pricing_model,
    CASE
        WHEN ChargeCategory = 'Usage' AND benefit_status = 'Unused' AND benefit_type = 'Reservation' THEN 'UnusedReservation'
        WHEN ChargeCategory = 'Usage' AND benefit_status = 'Unused' THEN 'UnusedSavingsPlan'
        WHEN ChargeCategory IN ('Usage', 'Purchase', 'Tax') THEN ChargeCategory
        WHEN ChargeCategory = 'Adjustment' AND benefit_id <> '' THEN 'Refund'
        WHEN ChargeCategory = 'Credit' THEN 'Credit'
        ELSE 'Adjustment'
    END AS charge_type,
    x_SkuIsCreditEligible = 'true' AS creditable, ChargeCategory AS category, COALESCE(Tags, '{}') AS tags,
    CAST(CAST(COALESCE(Tags, '{}') AS JSON) AS MAP(VARCHAR, VARCHAR)) AS tag_map
FROM source
"""
_TABLES: Final = {
    "organisation": "organisation", "commitment": "commitments", "advice": "recommendations", "metric": "usage",
    "item": "inventory", "price": "prices", "invoice_detail": "invoice_detail",
}  # fmt: skip
_SPACE: Final = uuid.UUID("6f1b7a52-0000-4000-8000-5c1e9d3a7b44")
_GUEST: Final = "Labs"
"""The division whose subscriptions live in a directory of their own; the billing account pays for both."""


@dataclass(frozen=True)
class Subscription:
    """One subscription: where it hangs in the tree of management groups, and in which tenant."""

    id: str
    name: str
    tenant: str
    path: tuple[str, ...]
    tags: Mapping[str, str]


def identifier(*parts: object) -> str:
    """The same GUID for the same thing."""
    return str(uuid.uuid5(_SPACE, "/".join(map(str, parts))))


def group_name(path: tuple[str, ...]) -> str:
    """The id of the management group at a place below the root."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(path).lower()).strip("-")


class Ledger(Sample):
    """The Azure part of one sample organisation. Safe to read from many threads."""

    home: Final = identifier("tenant", "home")
    guest: Final = identifier("tenant", "guest")

    def __init__(self, sample: Path) -> None:
        super().__init__(sample, "azure", _TABLES)
        self.connection.execute(_LINES.replace("$folder", str(self.folder)))
        parts = self.payers[0].split("/")
        self.billing_account, self.billing_profile = parts[4], parts[6]
        [row] = self.rows("SELECT any_value(currency) AS currency, any_value(payer_name) AS name FROM line")
        self.currency, self.payer_name = str(row["currency"]), str(row["name"])
        self.subscriptions = tuple(self._subscription(row) for row in self.rows(
            "SELECT * FROM organisation WHERE valid_to IS NULL ORDER BY sub_account_id"
        ))  # fmt: skip
        self.tenants = (self.home, self.guest)

    def _subscription(self, row: Mapping[str, object]) -> Subscription:
        path = tuple(row["path"])
        tenant = self.guest if path[1] == _GUEST else self.home
        number = str(row["sub_account_id"]).rpartition("/")[2]
        return Subscription(number, str(row["sub_account_name"]), tenant, path, row["tags"] or {})

    def subscription(self, number: str) -> Subscription | None:
        """The subscription of this id, whatever its case."""
        return next((known for known in self.subscriptions if known.id == number.lower()), None)

    def group(self, tenant: str, name: str) -> list[Subscription] | None:
        """The subscriptions below a management group of a tenant; None where it has no such group."""
        own = [known for known in self.subscriptions if known.tenant == tenant]
        if name == tenant:
            return own
        below = [s for s in own if name in {group_name(s.path[1:2]), group_name(s.path[1:3])}]
        return below or None
