"""Metrics of machines and databases over 30 days, and the clouds' recommendations that they support or refute."""

from pathlib import Path
from typing import Final

import duckdb

from servers.sample.estates import PROVIDERS
from servers.sample.plan import Plan
from servers.sample.sql import copy_csv, copy_parquet, statement

_MEASURED: Final = 1500
"""Resources a cloud with metrics, the dearest first."""
_LEVELS: Final = (
    ("idle", 1.2, 2.5, 2.0),
    ("oversized", 9.0, 27.0, 18.0),
    ("spiky", 7.0, 99.0, 93.0),
    ("busy", 46.0, 88.0, 74.0),
)
"""(profile, average, maximum, 95th percentile) of processor and memory use in percent."""


def write_usage(connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path) -> None:
    """`usage.parquet` of each cloud, in daily buckets."""
    levels = ", ".join(f"('{name}', {average}, {maximum}, {p95})" for name, average, maximum, p95 in _LEVELS)
    connection.execute(statement("metrics", levels=levels, measured=_MEASURED, last_day=plan.last_day))
    for provider in PROVIDERS:
        copy_parquet(
            connection,
            'SELECT resource_id, metric, unit, CAST(day AS TIMESTAMP) AS "start", day + INTERVAL 1 DAY AS "end",'
            f" average, maximum, p95, samples FROM metric WHERE provider = '{provider}'"
            " ORDER BY resource_id, metric, day",
            directory / provider / "usage.parquet",
        )


def write_recommendations(connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path, answer_key: Path) -> None:
    """`recommendations.parquet` of each cloud, and in the answer key which of them the evidence bears out."""
    connection.execute(statement("advice", last_day=plan.last_day))
    for provider in PROVIDERS:
        copy_parquet(
            connection,
            f"SELECT * EXCLUDE (cost_of_30_days, verdict) FROM advice WHERE provider = '{provider}'"
            " ORDER BY recommendation_id",
            directory / provider / "recommendations.parquet",
        )
    copy_csv(
        connection,
        "SELECT recommendation_id, provider, action, resource_id, cost_of_30_days, estimated_monthly_savings, currency,"
        " verdict FROM advice ORDER BY recommendation_id",
        answer_key / "recommendations.csv",
    )
