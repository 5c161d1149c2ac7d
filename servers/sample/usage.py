"""One month's usage of one estate: every line on every day, with its season, its growth, its noise and its story."""

from datetime import date

import duckdb

from servers.sample.estates import Estate, rate
from servers.sample.plan import Plan, following
from servers.sample.sql import statement


def create_usage(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan) -> None:
    """Table `fact`: quantities and costs before commitments; `lost` collects what never arrives."""
    connection.execute(
        statement(
            "usage",
            estate=estate.key,
            provider=estate.provider,
            digits=estate.decimals,
            discount=estate.discount,
            rate=rate(estate.currency, month.year, month.month),
            month=month,
            end=min(following(month), plan.last_day),
            last_day=plan.last_day,
            seed=plan.seed,
        )
    )
