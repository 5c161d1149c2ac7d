"""The truth behind every reply: the sample organisation's files, read without the project's own readers.

`line` holds one row for each line item of both AWS payers, with the names of Cost Explorer's dimensions beside the
FOCUS amounts. Split costs whose node is in the same bill do not count, as FOCUS says. Amounts are exact: the export's
doubles are read as the decimals that they were written from.

Where Cost Explorer and the FOCUS export name things differently, this follows Cost Explorer: EC2 comes as
`Amazon Elastic Compute Cloud - Compute` and `EC2 - Other`, and what has no sub account belongs to the payer's own.
"""

from decimal import Decimal
from pathlib import Path
from typing import Final

from tests.clouds.ledger import Sample

_EXACT: Final = "CAST(CAST({0} AS VARCHAR) AS DECIMAL(38,12))"
_LINES: Final = f"""
CREATE TABLE line AS
WITH source AS (
    SELECT *, row_number() OVER () AS number
    FROM read_parquet('$folder/costs/*/data/*/*.parquet', union_by_name = true, hive_partitioning = false)
), counted AS (
    SELECT s.* FROM source s
    WHERE s.AllocatedMethodId IS NULL OR NOT EXISTS (
        FROM source p
        WHERE p.AllocatedMethodId IS NULL AND p.ResourceId = s.ResourceId AND p.ChargePeriodStart = s.ChargePeriodStart
            AND p.SkuPriceId = s.SkuPriceId
    )
)
SELECT
    number, BillingAccountId AS payer, COALESCE(SubAccountId, BillingAccountId) AS account,
    COALESCE(SubAccountName, BillingAccountName) AS account_name, ChargePeriodStart AS start_at,
    CAST(ChargePeriodStart AS DATE) AS day, BillingPeriodStart AS billing_month, BillingCurrency AS currency,
    {_EXACT.format("BilledCost")} AS billed, {_EXACT.format("EffectiveCost")} AS effective,
    {_EXACT.format("ListCost")} AS list_cost, {_EXACT.format("ContractedCost")} AS contracted,
    COALESCE({_EXACT.format("ConsumedQuantity")}, 0) AS quantity, ConsumedUnit AS unit, ServiceName AS focus_service,
    CASE
        WHEN x_ServiceCode = 'AmazonEC2' AND x_Operation = 'RunInstances'
        THEN 'Amazon Elastic Compute Cloud - Compute'
        WHEN x_ServiceCode = 'AmazonEC2' THEN 'EC2 - Other'
        ELSE ServiceName
    END AS service,
    x_ServiceCode AS service_code, COALESCE(RegionId, 'NoRegion') AS region,
    COALESCE(AvailabilityZone, 'NoAZ') AS zone, COALESCE(SkuMeter, 'NoUsageType') AS usage_type,
    COALESCE(x_Operation, 'NoOperation') AS operation,
    CASE
        WHEN SkuMeter SIMILAR TO '(BoxUsage|InstanceUsage|Multi-AZUsage|NodeUsage|Node|Train|HeavyUsage):.*'
        THEN regexp_replace(split_part(SkuMeter, ':', 2), 'xl$', 'xlarge') ELSE 'NoInstanceType'
    END AS instance_type,
    CASE WHEN instance_type = 'NoInstanceType' THEN instance_type ELSE regexp_extract(instance_type, '^(.*)\\.[^.]+$', 1)
    END AS instance_family,
    CASE
        WHEN CommitmentDiscountType LIKE '%Savings Plan%' THEN 'Savings Plans'
        WHEN CommitmentDiscountType IS NOT NULL THEN 'Standard Reserved Instances'
        WHEN PricingCategory = 'Dynamic' THEN 'Spot Instances'
        ELSE 'On Demand Instances'
    END AS purchase_type,
    CASE
        WHEN ChargeCategory IN ('Tax', 'Credit') THEN ChargeCategory
        WHEN ChargeCategory = 'Adjustment' THEN 'Refund'
        WHEN ChargeCategory = 'Purchase' AND purchase_type = 'Savings Plans'
        THEN CASE ChargeFrequency WHEN 'One-Time' THEN 'SavingsPlanUpfrontFee' ELSE 'SavingsPlanRecurringFee' END
        WHEN ChargeCategory = 'Purchase' AND CommitmentDiscountId IS NOT NULL AND ChargeFrequency <> 'One-Time' THEN 'RIFee'
        WHEN ChargeCategory = 'Purchase' THEN 'Fee'
        WHEN CommitmentDiscountStatus = 'Unused' AND purchase_type = 'Savings Plans' THEN 'SavingsPlanRecurringFee'
        WHEN CommitmentDiscountStatus = 'Unused' THEN 'RIFee'
        WHEN purchase_type = 'Savings Plans' THEN 'SavingsPlanCoveredUsage'
        WHEN CommitmentDiscountId IS NOT NULL THEN 'DiscountedUsage'
        ELSE 'Usage'
    END AS record_type,
    ChargeCategory AS category, CommitmentDiscountId AS commitment_id, CommitmentDiscountStatus AS commitment_status,
    CommitmentDiscountType AS commitment_type, PricingCategory AS pricing_category,
    COALESCE(ResourceId, 'NoResourceId') AS resource_id, ResourceName AS resource_name, SkuId AS sku_id,
    CASE WHEN commitment_id LIKE '%savingsplan%' THEN commitment_id ELSE 'NoSavingsPlan' END AS plan_arn,
    CASE WHEN commitment_id IS NULL OR commitment_id LIKE '%savingsplan%' THEN 'NoReservation' ELSE commitment_id END
        AS reservation,
    InvoiceIssuerName AS legal_entity, COALESCE(PublisherName, InvoiceIssuerName) AS publisher,
    CASE WHEN x_ServiceCode = 'AWSMarketplace' THEN 'AWS Marketplace' ELSE 'AWS' END AS billing_entity,
    COALESCE(Tags, MAP {{}}) AS tags
FROM counted
"""
_TABLES: Final = {
    "organisation": "organisation",
    "commitment": "commitments",
    "advice": "recommendations",
    "metric": "usage",
    "item": "inventory",
    "price": "prices",
    "invoice_detail": "invoice_detail",
}


class Ledger(Sample):
    """The AWS part of one sample organisation. Safe to read from many threads."""

    def __init__(self, sample: Path) -> None:
        super().__init__(sample, "aws", _TABLES)
        self.connection.execute(_LINES.replace("$folder", str(self.folder)))
        self.connection.execute(
            "CREATE TABLE payer AS SELECT DISTINCT BillingAccountId AS id, BillingAccountName AS name FROM read_parquet("
            f"'{self.folder}/costs/*/data/*/*.parquet', union_by_name = true, hive_partitioning = false)"
        )
        self.connection.execute(
            "CREATE TABLE rate AS SELECT BillingAccountId AS payer, BillingPeriodStart AS month,"
            " round(median(PricingCurrencyListUnitPrice / ListUnitPrice), 8) AS rate FROM read_parquet("
            f"'{self.folder}/costs/*/data/*/*.parquet', union_by_name = true, hive_partitioning = false)"
            " WHERE ListUnitPrice > 0.01 GROUP BY ALL"
        )
        self._currencies = {
            str(row["payer"]): str(row["currency"])
            for row in self.rows("SELECT payer, any_value(currency) AS currency FROM line GROUP BY payer")
        }
        self.names = {
            (str(row["payer"]), str(row["account"])): str(row["name"])
            for row in self.rows(
                "SELECT payer, account, arg_max(account_name, start_at) AS name FROM line GROUP BY payer, account"
            )
        }
        """(payer, account) -> the account's newest name in the bills."""
        self.accounts = self.rows(
            "SELECT sub_account_id AS id, billing_account_id AS payer, sub_account_name AS name, path, tags"
            " FROM organisation WHERE valid_to IS NULL ORDER BY sub_account_id"
        )

    def payer_of(self, account: str) -> str | None:
        """The management account of an account's organisation; None for an account of nobody here."""
        if account in self.payers:
            return account
        return next((str(known["payer"]) for known in self.accounts if known["id"] == account), None)

    def currency_of(self, payer: str) -> str:
        """What a payer is billed in."""
        return self._currencies[payer]

    def to_dollars(self, payer: str) -> Decimal:
        """US dollars for one unit of the payer's currency, by the prices in its newest bill."""
        rows = self.rows("SELECT rate FROM rate WHERE payer = ? ORDER BY month DESC LIMIT 1", [payer])
        return Decimal(str(rows[0]["rate"]))


def amount(value: object) -> str:
    """A figure as Cost Explorer writes it: text, at most ten decimals, no exponent."""
    exact = Decimal(str(value or 0)).quantize(Decimal("1e-10"))
    text = f"{exact:f}".rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text
