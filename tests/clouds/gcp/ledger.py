"""The truth behind every reply: the sample organisation's files, read without the project's own readers.

Relations in the connection: `detailed`, `standard` and `focus` (the three exports, each with the pseudo column
`_PARTITIONTIME`), `pricing` and `cud` (the pricing and the commitment export), `project`, `folder`, `item`, `metric`,
`advice`, `price`, `commitment`, `budget`.

Credits: usage that a commitment covers costs its contracted price and carries the same amount as a negative credit;
promotions hang on the usage that they pay for. So cost + sum(credits.amount) is FOCUS's BilledCost, row by row of the
ledger and in every sum by project, service and invoice month.

The standard export holds the same money as the detailed one, added up over resources. Ancestors come from the
organisation, as Resource Manager tells them. With `second="Payments"`, that folder's projects are billed to a second
billing account, in all three exports alike: everything together is still the sample.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

import servers.sample as sample_package
from tests.clouds.gcp import exports

ORGANISATION: Final = "472910385561"
SECOND_ACCOUNT: Final = "0B52C9-7E10D4-AA93F1"
_TABLES: Final = {
    "item": "inventory",
    "metric": "usage",
    "advice": "recommendations",
    "price": "prices",
    "commitment": "commitments",
}


class Ledger:
    """The Google Cloud part of one sample organisation. Safe to read from many threads."""

    def __init__(self, sample: Path, second: str | None = None) -> None:
        self.folder = sample / "gcp"
        said = json.loads((self.folder / "source.json").read_text(encoding="utf-8"))
        self.principal: str = said["principal"]
        self.host_project: str = self.principal.split("@")[1].split(".")[0]
        """The project that holds the exports: the operator's own."""
        self.organisation = ORGANISATION
        self.regions: tuple[str, ...] = tuple(said["regions"])
        self.as_of = datetime.fromisoformat(said["data_as_of"]).astimezone(UTC)
        [main] = said["billing_account_ids"]
        self.accounts: tuple[str, ...] = (main, SECOND_ACCOUNT) if second else (main,)
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        for table, file in _TABLES.items():
            self._connection.execute(f"CREATE TABLE {table} AS FROM '{self.folder / file}.parquet'")
        self._connection.execute(
            f"CREATE TABLE budget AS FROM read_csv('{sample / 'business' / 'budgets.csv'}', types="
            "{'amount': 'DECIMAL(38,9)', 'month': 'DATE'}) WHERE provider = 'gcp'"
        )
        statements = (*exports.TREE, *exports.TABLES)
        for statement in statements:
            self._connection.execute(
                statement.replace("$folder", str(self.folder))
                .replace("$main", main)
                .replace("$second_folder", second or "")
                .replace("$second", SECOND_ACCOUNT)
                .replace("$organisation", ORGANISATION)
                .replace("$catalogue", str(Path(sample_package.__file__).parent / "catalogue" / "gcp.csv"))
                .replace("$host", self.host_project)
                .replace("$now", f"{self.as_of:%Y-%m-%d %H:%M:%S}+00")
            )
        self.projects = self.rows("SELECT * FROM project ORDER BY id")
        self.folders = self.rows("SELECT * FROM folder ORDER BY id")
        self.account_names = {main: said_name(self), SECOND_ACCOUNT: "Quillhaven Payments"}

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of one's own; close it."""
        return self._connection.cursor()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, object]]:
        """What a statement finds, a dictionary a row."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, list(values))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def close(self) -> None:
        """Let the memory go."""
        self._connection.close()


def said_name(ledger: Ledger) -> str:
    """The billing account's display name, as its own FOCUS export says it."""
    return str(ledger.rows("SELECT any_value(BillingAccountName) AS name FROM focus")[0]["name"])
