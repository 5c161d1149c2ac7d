"""One month's bill of one estate: the narrow table `charge`, and the view `bill` with everything that exports say."""

from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from servers.sample.estates import Estate
from servers.sample.plan import Plan
from servers.sample.story import PUBLISHERS, RETAGGED_ON

_FOLDER: Final = Path(__file__).parent


def begin_charge(connection: duckdb.DuckDBPyConnection) -> None:
    """An empty `charge` for the next month."""
    connection.execute((_FOLDER / "charge.sql").read_text(encoding="utf-8"))


def describe_bill(connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan) -> None:
    """The view `bill` over `charge`; only a closed month has an invoice."""
    closed = plan.is_closed(month)
    invoice = f"'{estate.key.upper()}-{month:%Y%m}-' || upper(md5('{estate.key}{month}')[1:8])" if closed else "NULL"
    publishers = ", ".join(f"('{provider}', '{name}')" for provider, name in PUBLISHERS.items())
    text = (_FOLDER / "bill.sql").read_text(encoding="utf-8")
    for name, value in {
        "$retagged": f"DATE '{RETAGGED_ON}'",
        "$invoice": f"CAST({invoice} AS VARCHAR)",
        "$publishers": f"(VALUES {publishers}) p (provider, publisher)",
    }.items():
        text = text.replace(name, value)
    connection.execute(text)
