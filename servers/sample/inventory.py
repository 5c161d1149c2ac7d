"""What runs where on the last day, with what each resource cost in the last 30 days, and the datasets beside it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Final

import duckdb

from servers.sample.estates import ESTATES, PROVIDERS
from servers.sample.plan import Plan
from servers.sample.sql import copy_parquet, statement

_PRINCIPALS: Final = {
    "aws": "arn:aws:iam::418273650912:role/SkyLedgerReadOnly",
    "azure": "skyledger-reader (service principal)",
    "gcp": "skyledger-reader@qh-billing.iam.gserviceaccount.com",
}
_DATASETS: Final = {
    "inventory": "inventory",
    "prices": "prices",
    "commitments": "commitments",
    "organisation": "organisation",
    "cloud_budgets": "budgets",
}
"""SQL -> name of the file."""


def create_inventory(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Table `item`: one row a resource, with the profile by which its metrics are drawn."""
    connection.execute(statement("items", day=plan.last_day - timedelta(days=1)))


def write_inventory(connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path) -> None:
    """`inventory`, `prices`, `commitments`, `organisation`, `budgets` and `source.json` of each cloud."""
    for provider in PROVIDERS:
        folder = directory / provider
        for name, file in _DATASETS.items():
            text = statement(name, provider=provider, last_day=plan.last_day)
            copy_parquet(connection, text, folder / f"{file}.parquet")
        regions = connection.execute(
            "SELECT DISTINCT g.region_id FROM region g JOIN estate e ON e.key = g.estate WHERE e.provider = ?"
            " ORDER BY 1",
            [provider],
        ).fetchall()
        said = {
            "principal": _PRINCIPALS[provider],
            "billing_account_ids": [e.billing_account_id for e in ESTATES if e.provider == provider],
            "regions": [row[0] for row in regions],
            "data_as_of": plan.until.isoformat().replace("+00:00", "Z"),
        }
        (folder / "source.json").write_text(json.dumps(said, indent=2), encoding="utf-8")
