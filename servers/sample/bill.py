"""One month's bill of one estate: the narrow table `charge`, and the view `bill` with everything that exports say."""

from datetime import date
from typing import Final

import duckdb

from servers.sample.estates import Estate
from servers.sample.plan import Plan
from servers.sample.sql import statement
from servers.sample.story import PUBLISHERS, RETAGGED_ON

INVOICE_ID: Final = "upper({key}) || strftime({month}, '-%Y%m-') || upper(md5({key} || CAST({month} AS VARCHAR))[1:8])"
"""SQL: the number of the invoice of one estate's billing month."""


def begin_charge(connection: duckdb.DuckDBPyConnection) -> None:
    """An empty `charge` for the next month."""
    connection.execute(statement("charge"))


def describe_bill(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan) -> None:
    """The view `bill` over `charge`; only a closed month has an invoice."""
    number = INVOICE_ID.format(key=f"'{estate.key}'", month=f"DATE '{month}'")
    invoice = number if plan.is_closed(month) else "NULL"
    publishers = ", ".join(f"('{provider}', '{name}')" for provider, name in PUBLISHERS.items())
    connection.execute(
        statement("bill", retagged=RETAGGED_ON, invoice=f"CAST({invoice} AS VARCHAR)", publishers=publishers)
    )
