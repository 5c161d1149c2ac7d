"""FOCUS bills of any size, written by one statement a month, with as many names as real ones have."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

PROVIDERS: Final = {"aws": "Amazon Web Services", "azure": "Microsoft Azure", "gcp": "Google Cloud"}
_CATEGORIES: Final = "['Compute', 'Databases', 'Storage', 'Networking', 'Analytics', 'Security']"


def months_until(last: datetime, count: int) -> list[datetime]:
    """The first instants of `count` months up to that of `last`."""
    found = [last.year * 12 + last.month - 1 - back for back in reversed(range(count))]
    return [datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC) for index in found]


def write_bill(file: Path, provider: str, month: datetime, rows: int, *, seed: int = 0) -> None:
    """One month's bill: 160 accounts, 80 services, 200,000 resources a few of which cost most, two tags a row."""
    file.parent.mkdir(parents=True, exist_ok=True)
    start = f"TIMESTAMP '{month:%Y-%m-%d}'"
    days = f"date_diff('day', {start}, {start} + INTERVAL 1 MONTH)"
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(
            f"""
            COPY (
                WITH line AS (
                    SELECT n, hash(n + {seed} + {month.year * 100 + month.month}) AS h,
                        CAST(pow(hash(n * 7 + {seed}) % 1000000 / 1e6, 3) * 200000 AS BIGINT) AS resource,
                        {start} + to_days(CAST(n % {days} AS INTEGER)) AS day
                    FROM range({rows}) AS t(n)
                )
                SELECT
                    '{provider}-payer' AS BillingAccountId, 'Payer of {provider}' AS BillingAccountName,
                    {start} AS BillingPeriodStart, {start} + INTERVAL 1 MONTH AS BillingPeriodEnd,
                    day AS ChargePeriodStart, day + INTERVAL 1 DAY AS ChargePeriodEnd, 'USD' AS BillingCurrency,
                    CAST(h % 1000000 / 1e5 AS DECIMAL(18, 6)) AS BilledCost,
                    CAST(h % 900000 / 1e5 AS DECIMAL(18, 6)) AS EffectiveCost,
                    CAST(h % 1200000 / 1e5 AS DECIMAL(18, 6)) AS ListCost,
                    CAST(h % 1100000 / 1e5 AS DECIMAL(18, 6)) AS ContractedCost,
                    'Usage' AS ChargeCategory, 'Usage-Based' AS ChargeFrequency, 'Standard' AS PricingCategory,
                    'Charge ' || resource % 4000 AS ChargeDescription,
                    '{PROVIDERS[provider]}' AS ProviderName, '{PROVIDERS[provider]}' AS PublisherName,
                    '{PROVIDERS[provider]}' AS InvoiceIssuerName,
                    'region-' || resource % 20 AS RegionId, 'Region ' || resource % 20 AS RegionName,
                    '{provider}-resource-' || resource AS ResourceId, 'machine' AS ResourceType,
                    '{provider} service ' || resource % 80 AS ServiceName,
                    {_CATEGORIES}[CAST(resource % 6 AS BIGINT) + 1] AS ServiceCategory,
                    'sku-' || resource % 5000 AS SkuId, 'price-' || resource % 9000 AS SkuPriceId,
                    '{provider}-account-' || resource % 160 AS SubAccountId,
                    'Account ' || resource % 160 AS SubAccountName,
                    CAST(h % 1000 AS DECIMAL(18, 6)) AS ConsumedQuantity, 'Hours' AS ConsumedUnit,
                    CAST(h % 1000 AS DECIMAL(18, 6)) AS PricingQuantity, 'Hours' AS PricingUnit,
                    CASE WHEN resource % 5 > 0 THEN MAP {{
                        'env': ['prod', 'test', 'dev'][CAST(resource % 3 AS BIGINT) + 1],
                        'team': 'team-' || resource % 40
                    }} END AS Tags
                FROM line
            ) TO '{file}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
            """
        )
