"""Metrics of machines and databases over 30 days, and the clouds' recommendations that they support or refute."""

from pathlib import Path
from typing import Final

import duckdb

from servers.sample.estates import PROVIDERS
from servers.sample.inventory import copy_parquet
from servers.sample.plan import Plan

_MEASURED: Final = 1500
"""Resources a cloud with metrics, the dearest first."""
_ORIGINS: Final = {"aws": "AWS Compute Optimizer", "azure": "Azure Advisor", "gcp": "Google Recommender"}

_LEVELS: Final = (
    ("idle", 1.2, 2.5, 2.0), ("oversized", 9.0, 27.0, 18.0), ("spiky", 7.0, 99.0, 93.0), ("busy", 46.0, 88.0, 74.0),
)  # fmt: skip
"""(profile, average, maximum, 95th percentile) of processor and memory use in percent."""


def write_usage(connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path) -> None:
    """`usage.parquet` of each cloud: daily buckets; memory is known for six machines in ten only."""
    levels = ", ".join(f"('{name}', {average}, {maximum}, {p95})" for name, average, maximum, p95 in _LEVELS)
    connection.execute(
        "CREATE TABLE measured AS SELECT * FROM item WHERE resource_type IN ('virtual_machine', 'database', 'block_volume',"
        f" 'load_balancer') QUALIFY row_number() OVER (PARTITION BY provider ORDER BY monthly_cost DESC NULLS LAST,"
        f" line_key) <= {_MEASURED};"
        "CREATE TABLE metric AS WITH m AS (SELECT i.*, v.*, d.day, CAST(md5_number_lower(concat_ws('|', i.line_key, d.day,"
        " 'metric')) % 1000 AS DOUBLE) / 1000 AS noise FROM measured i JOIN (VALUES"
        f" {levels}) v (level, average, maximum, p95) ON v.level = i.profile CROSS JOIN (SELECT CAST(range AS DATE) AS day"
        f" FROM range(DATE '{plan.last_day}' - 30, DATE '{plan.last_day}', INTERVAL 1 DAY)) d)"
        " SELECT provider, resource_id, 'cpu_utilization_percent' AS metric, 'Percent' AS unit, day, average *"
        " (0.85 + 0.3 * noise) AS average, LEAST(100, maximum * (0.9 + 0.2 * noise)) AS maximum, p95 * (0.95 + 0.1 * noise)"
        " AS p95, 288 AS samples FROM m WHERE resource_type IN ('virtual_machine', 'database') UNION ALL"
        " SELECT provider, resource_id, 'memory_utilization_percent', 'Percent', day, 20 + average * 0.6 + noise * 5,"
        " LEAST(100, 25 + maximum * 0.7), 22 + p95 * 0.65, 288 FROM m WHERE resource_type = 'virtual_machine' AND"
        " unit(line_key, 'memory') < 0.6 UNION ALL"
        " SELECT provider, resource_id, 'network_bytes', 'Bytes', day, ROUND(average * 3e8 * noise + 1e5),"
        " ROUND(maximum * 6e8), ROUND(p95 * 5e8), 288 FROM m WHERE resource_type = 'virtual_machine' UNION ALL"
        " SELECT provider, resource_id, 'connections', 'Count', day, CASE WHEN profile = 'idle' THEN 0 ELSE ROUND(average)"
        " END, CASE WHEN profile = 'idle' THEN 0 ELSE ROUND(maximum * 2) END, CASE WHEN profile = 'idle' THEN 0 ELSE"
        " ROUND(p95) END, 288 FROM m WHERE resource_type IN ('database', 'load_balancer') UNION ALL"
        " SELECT provider, resource_id, 'disk_iops', 'Count/Second', day, CASE WHEN attached_to IS NULL THEN 0 ELSE"
        " 40 * noise + 5 END, CASE WHEN attached_to IS NULL THEN 0 ELSE 900 END, CASE WHEN attached_to IS NULL THEN 0 ELSE"
        " 300 END, 288 FROM m WHERE resource_type = 'block_volume'"
    )
    for provider in PROVIDERS:
        copy_parquet(
            connection,
            'SELECT resource_id, metric, unit, CAST(day AS TIMESTAMP) AS "start", day + INTERVAL 1 DAY AS "end", average,'
            f" maximum, p95, samples FROM metric WHERE provider = '{provider}' ORDER BY resource_id, metric, day",
            directory / provider / "usage.parquet",
        )


def write_recommendations(connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path, answer_key: Path) -> None:
    """`recommendations.parquet` of each cloud, and in the answer key which of them the evidence bears out."""
    origins = " ".join(f"WHEN '{provider}' THEN '{origin}'" for provider, origin in _ORIGINS.items())
    connection.execute(
        "CREATE TABLE advice AS WITH a AS (SELECT *, COALESCE(monthly_cost, 0) AS cost, CASE WHEN resource_type ="
        " 'block_volume' AND attached_to IS NULL THEN 'Delete' WHEN resource_type = 'ip_address' AND attached_to IS NULL"
        " THEN 'Delete' WHEN resource_type = 'virtual_machine' AND profile = 'idle' THEN 'Stop' WHEN resource_type IN"
        " ('virtual_machine', 'database') AND profile IN ('oversized', 'spiky') THEN 'Rightsize' WHEN resource_type ="
        " 'block_volume' AND unit(line_key, 'wrong') < 0.04 THEN 'Delete' WHEN resource_type = 'database' AND profile ="
        " 'busy' AND unit(line_key, 'wrong') < 0.05 THEN 'Stop' END AS action FROM item)"
        " SELECT provider || '-' || md5(resource_id || action)[1:12] AS recommendation_id, provider, CASE provider"
        f" {origins} END AS origin, action, resource_id, resource_type, sub_account_id, region_id, action || ' ' ||"
        " resource_name AS summary, sku AS current, CASE WHEN action = 'Rightsize' THEN 'half of ' || sku END AS"
        " recommended, CAST(ROUND(cost * CASE action WHEN 'Rightsize' THEN 0.5 ELSE 1 END * CASE WHEN"
        " story IS NULL AND unit(line_key, 'inflated') < 0.08 THEN 3 ELSE 1 END, 2) AS DECIMAL(30,12)) AS estimated_monthly_savings,"
        " currency, CASE action WHEN 'Rightsize' THEN 'Medium' ELSE 'Low' END AS effort, action <> 'Delete' AS"
        " restart_needed, action <> 'Delete' AS rollback_possible,"
        f" CAST(DATE '{plan.last_day}' - 1 AS TIMESTAMP) AS last_refresh, cost, CASE WHEN action = 'Rightsize' AND profile"
        " = 'spiky' THEN 'refuted: the 95th percentile is above 85 percent' WHEN action = 'Delete' AND attached_to IS NOT"
        " NULL THEN 'refuted: it is attached and in use' WHEN action = 'Stop' AND profile = 'busy' THEN 'refuted: it is"
        " busy' WHEN story IS NULL AND unit(line_key, 'inflated') < 0.08 THEN 'refuted: it would save more than the resource costs' ELSE"
        " 'supported' END AS verdict FROM a WHERE action IS NOT NULL AND cost > 0"
    )
    for provider in PROVIDERS:
        copy_parquet(
            connection,
            f"SELECT * EXCLUDE (cost, verdict) FROM advice WHERE provider = '{provider}' ORDER BY recommendation_id",
            directory / provider / "recommendations.parquet",
        )
    connection.execute(
        "COPY (SELECT recommendation_id, provider, action, resource_id, cost AS cost_of_30_days, estimated_monthly_savings,"
        " currency, verdict FROM advice ORDER BY recommendation_id) TO"
        f" '{answer_key / 'recommendations.csv'}' (FORMAT csv, HEADER)"
    )
