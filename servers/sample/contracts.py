"""The FOCUS datasets beside the bills: contracts, invoices and billing periods, from the generator's own ledger."""

from pathlib import Path
from typing import Final

import duckdb

from servers.sample.bill import INVOICE_ID
from servers.sample.estates import PROVIDERS
from servers.sample.plan import Plan
from servers.sample.sql import copy_parquet, statement

_DATASETS: Final = ("contract_commitment", "invoice_detail", "billing_period")


def write_contracts(connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path) -> None:
    """`contract_commitment`, `invoice_detail` and `billing_period` of each cloud, as FOCUS 1.4 Parquet."""
    numbered = INVOICE_ID.format(key="e.key", month="i.billing_month")
    for provider in PROVIDERS:
        for name in _DATASETS:
            values: dict[str, object] = {"provider": provider, "last_day": plan.last_day, "invoice_id": numbered}
            copy_parquet(connection, statement(name, **values), directory / provider / f"{name}.parquet")
