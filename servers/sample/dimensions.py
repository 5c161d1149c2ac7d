"""The dimension tables: estates, sub accounts, SKUs, regions, rates and the story, as DuckDB tables."""

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb

from servers.sample import story
from servers.sample.accounts import accounts
from servers.sample.commitments import COMMITMENTS
from servers.sample.estates import ESTATES, PROVIDERS, RATES, rate
from servers.sample.plan import Plan
from shared_models.quoting import literal

CATALOGUE: Final = Path(__file__).parent / "catalogue"
_DAYS: Final = 30.4
_STORY_ROWS: Final = 2300
"""Rows a month that are there at any size: the story's lines, commitments, credits, split costs."""
_ROWS_PER_LINE_DAY: Final = 0.6
"""Rows that a drawn line yields on an average day: some run daily, some now and then."""


def create_dimensions(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Every table that does not depend on the month."""
    connection.execute(
        f"CREATE MACRO draw(k, what) AS md5_number_lower(concat_ws('|', {plan.seed}, k, what));"
        "CREATE MACRO unit(k, what) AS CAST(draw(k, what) % 1000003 AS DOUBLE) / 1000003"
    )
    _create_estates(connection, plan)
    _create_accounts(connection, plan.seed)
    _create_skus(connection)
    connection.execute(
        f"CREATE TABLE region AS SELECT *, sum(weight) OVER w - weight AS low, sum(weight) OVER w AS high,"
        f" sum(weight) OVER (PARTITION BY estate) AS whole FROM read_csv({_catalogue('regions')}, header=true)"
        " WINDOW w AS (PARTITION BY estate ORDER BY region_id ROWS UNBOUNDED PRECEDING)"
    )
    _create_story(connection)


def _create_estates(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    connection.execute(
        "CREATE TABLE estate (ordinal BIGINT, key VARCHAR, provider VARCHAR, billing_account_id VARCHAR,"
        " billing_account_name VARCHAR, billing_account_type VARCHAR, sub_account_type VARCHAR, provider_name VARCHAR,"
        " issuer VARCHAR, currency VARCHAR, decimals INTEGER, monthly_usd BIGINT, row_share DOUBLE, accounts INTEGER,"
        " discount DECIMAL(9,4), tax_rate DECIMAL(9,4), support_rate DECIMAL(9,4), lines BIGINT)"
    )
    for ordinal, estate in enumerate(ESTATES, 1):
        drawn = max(plan.rows - _STORY_ROWS * plan.months, plan.rows // 4)
        lines = max(12, round(drawn * estate.row_share / (plan.months * _DAYS * _ROWS_PER_LINE_DAY)))
        values = asdict(estate) | {"accounts": estate.accounts + (estate.key == "aws-jp") * 1, "lines": lines}
        insert(connection, "estate", [[ordinal, *values.values()]])
    connection.execute("CREATE TABLE rate (currency VARCHAR, month DATE, rate DECIMAL(10,4))")
    months = [date(year, month, 1) for year in range(2024, 2029) for month in range(1, 13)]
    for currency in ("USD", *RATES):
        insert(connection, "rate", [[currency, month, rate(currency, month.year, month.month)] for month in months])


def _create_accounts(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    connection.execute(
        "CREATE TABLE account (estate VARCHAR, number INTEGER, sub_account_id VARCHAR, name VARCHAR, division VARCHAR,"
        " team VARCHAR, environment VARCHAR, owner VARCHAR, cost_centre VARCHAR, gl_account VARCHAR, path VARCHAR[],"
        " valid_from DATE, valid_to DATE)"
    )
    insert(connection, "account", [[*asdict(found).values()] for found in accounts(seed)])


def _create_skus(connection: duckdb.DuckDBPyConnection) -> None:
    """SKUs with their ids, and the share of each family in lines and in spend."""
    selects = " UNION ALL ".join(
        f"SELECT '{provider}' AS provider, * FROM read_csv({_catalogue(provider)}, header=true, all_varchar=true)"
        for provider in PROVIDERS
    )
    connection.execute(
        "CREATE TABLE sku AS SELECT * REPLACE (CAST(price AS DECIMAL(18,10)) AS price, CAST(share AS DOUBLE) AS share,"
        " CAST(weekend AS DOUBLE) AS weekend, CAST(month_end AS DOUBLE) AS month_end,"
        " CAST(steady AS DOUBLE) AS steady),"
        " upper(md5('sku' || provider || sku)) AS digest, CASE provider WHEN 'aws' THEN digest[1:16] WHEN 'azure'"
        " THEN 'DZH318Z0' || digest[1:4] ELSE digest[1:4] || '-' || digest[5:8] || '-' || digest[9:12] END AS sku_id,"
        " CASE provider WHEN 'aws' THEN sku_id || '.JRTCKXETXF.' || digest[17:26] WHEN 'azure' THEN sku_id || '_' ||"
        f" digest[5:9] ELSE sku_id || '/tier-0' END AS sku_price_id FROM ({selects})"
    )
    connection.execute(
        "CREATE TABLE family AS WITH f AS (SELECT e.key AS estate, s.family, any_value(s.share) AS share,"
        " any_value(s.steady) AS steady FROM estate e JOIN sku s USING (provider) WHERE s.share > 0 GROUP BY ALL),"
        " g AS (SELECT *, CAST(sqrt(share) * 1000 AS BIGINT) AS w, CAST(share * 1000 AS BIGINT) AS s FROM f)"
        " SELECT estate, family, steady, CAST(s AS DOUBLE) / sum(s) OVER e AS spend_share,"
        " CAST(sum(w) OVER r - w AS DOUBLE) / sum(w) OVER e AS low,"
        " CAST(sum(w) OVER r AS DOUBLE) / sum(w) OVER e AS high"
        " FROM g WINDOW e AS (PARTITION BY estate),"
        " r AS (PARTITION BY estate ORDER BY family ROWS UNBOUNDED PRECEDING)"
    )


def _create_story(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "CREATE TABLE story (ordinal BIGINT, key VARCHAR, estate VARCHAR, account INTEGER, sku VARCHAR, region VARCHAR,"
        " base_usd DOUBLE, name VARCHAR, tags MAP(VARCHAR, VARCHAR), month_end DOUBLE, hourly BOOLEAN,"
        " reservation VARCHAR, cluster VARCHAR);"
        "CREATE TABLE bump (line VARCHAR, first DATE, last DATE, usd DOUBLE, slope DOUBLE);"
        "CREATE TABLE price_change (estate VARCHAR, sku VARCHAR, since DATE, factor DECIMAL(6,4));"
        "CREATE TABLE missing (estate VARCHAR, account INTEGER, day DATE);"
        "CREATE TABLE late (estate VARCHAR, account INTEGER, day DATE, published DATE);"
        "CREATE TABLE lost (estate VARCHAR, account INTEGER, day DATE, rows BIGINT, cost DECIMAL(38,12))"
    )
    insert(connection, "story", [[number, *asdict(line).values()] for number, line in enumerate(story.LINES)])
    insert(connection, "bump", [[*asdict(bump).values()] for bump in story.BUMPS])
    insert(connection, "price_change", [list(change) for change in story.PRICE_CHANGES])
    insert(connection, "missing", [list(missing) for missing in story.MISSING])
    estate, account, first, last, published = story.LATE
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    insert(connection, "late", [[estate, account, day, published] for day in days])
    columns = "ordinal BIGINT, " + ", ".join(
        f"{name} {kind}"
        for name, kind in {
            "key": "VARCHAR", "estate": "VARCHAR", "commitment_id": "VARCHAR", "name": "VARCHAR", "type": "VARCHAR",
            "category": "VARCHAR", "sku": "VARCHAR", "account": "INTEGER", "first": "DATE", "last": "DATE",
            "daily": "DECIMAL(18,4)", "discount": "DECIMAL(6,4)", "upfront": "DECIMAL(6,4)", "billed": "VARCHAR",
            "eligible": "VARCHAR", "low": "INTEGER", "high": "INTEGER", "region": "VARCHAR", "scope": "INTEGER",
        }.items()
    )  # fmt: skip
    connection.execute(f"CREATE TABLE commitment ({columns})")
    insert(connection, "commitment", [[number, *asdict(one).values()] for number, one in enumerate(COMMITMENTS)])


def _catalogue(name: str) -> str:
    return literal(str(CATALOGUE / f"{name}.csv"))


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[list[Any]]) -> None:
    """Put a few rows into a table."""
    if rows:
        marks = ", ".join("?" for _ in rows[0])
        connection.execute(
            f"INSERT INTO {table} VALUES {', '.join(f'({marks})' for _ in rows)}", [v for row in rows for v in row]
        )
