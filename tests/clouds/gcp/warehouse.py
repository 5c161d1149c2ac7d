"""The datasets and tables that BigQuery shows here: relations over the ledger, changeable for one test.

table = gcp.warehouse.table("gcp_billing_export_resource_v1_01A7F3_9C42E8_D5B610")
table.drop_column("tags"); table.add_column("carbon", "0.5::DOUBLE"); table.lose_days(date(2026, 10, 5))
table.exported_until(datetime(2026, 11, 10, tzinfo=UTC))     # what a sync of that moment saw; None: everything
gcp.warehouse.dataset("billing_export").location = "europe-west1"
"""

import threading
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType

from tests.clouds.gcp.bq_types import Field, field_of
from tests.clouds.gcp.errors import GoogleError, not_found
from tests.clouds.gcp.ledger import Ledger

EXPORTS: Final = "billing_export"
PSEUDO: Final = "_PARTITIONTIME"


@dataclass
class Table:
    """One table: `source` is its SELECT in DuckDB's SQL, with the pseudo column unless it is not partitioned."""

    project: str
    dataset: str
    name: str
    source: str
    partitioned: bool = True
    requires_filter: bool = False
    view: str | None = None
    until: datetime | None = None
    lost: tuple[date, ...] = ()

    @property
    def resource(self) -> str:
        """Its resource name."""
        return f"projects/{self.project}/datasets/{self.dataset}/tables/{self.name}"

    @property
    def said(self) -> str:
        """As BigQuery's errors write it."""
        return f"{self.project}:{self.dataset}.{self.name}"

    @property
    def sql(self) -> str:
        """Its rows of now."""
        conditions = [f"CAST({PSEUDO} AS DATE) <> DATE '{day}'" for day in self.lost]
        if self.until is not None:
            conditions.append(f"export_time <= TIMESTAMPTZ '{self.until.isoformat()}'")
        return f"SELECT * FROM ({self.source}) WHERE {' AND '.join(conditions)}" if conditions else self.source

    def drop_column(self, name: str) -> None:
        """The column is gone."""
        self.source = f'SELECT * EXCLUDE ("{name}") FROM ({self.source})'

    def add_column(self, name: str, expression: str) -> None:
        """There is a column more, of what a DuckDB expression over the others says."""
        self.source = f'SELECT *, {expression} AS "{name}" FROM ({self.source})'

    def lose_days(self, *days: date) -> None:
        """These days' partitions are missing."""
        self.lost = days

    def exported_until(self, moment: datetime | None) -> None:
        """Only what was exported until then is there."""
        self.until = moment


@dataclass
class Dataset:
    """One dataset and where it is."""

    project: str
    name: str
    location: str
    tables: dict[str, Table] = field(default_factory=dict)

    @property
    def resource(self) -> str:
        """Its resource name."""
        return f"projects/{self.project}/datasets/{self.name}"


@dataclass
class Warehouse:
    """Every dataset of every project, and the bytes billed so far."""

    ledger: Ledger
    datasets: dict[tuple[str, str], Dataset] = field(default_factory=dict)
    billed: int = 0
    """Bytes that queries were charged for."""
    scanned: int = 0
    """Bytes that the Storage Read API was asked for."""
    streams: dict[str, pa.Table] = field(default_factory=dict)
    _schemas: dict[str, list[tuple[str, DuckDBPyType]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def over(cls, ledger: Ledger) -> "Warehouse":
        """The exports of every billing account of the ledger, all hosted in the operator's project, in the EU."""
        warehouse = cls(ledger)
        project = ledger.host_project
        main = warehouse.add_dataset(project, EXPORTS, "EU")
        for number, account in enumerate(ledger.accounts):
            suffix = account.replace("-", "_")
            usual = main if number == 0 else warehouse.add_dataset(project, f"{EXPORTS}_{number + 1}", "EU")
            focus = warehouse.add_dataset(project, f"gcp_billing_immutable_{suffix}_EU", "EU")
            where = f"WHERE billing_account_id = '{account}'"
            warehouse.add_table(usual, f"gcp_billing_export_v1_{suffix}", f"SELECT * FROM standard {where}")
            warehouse.add_table(usual, f"gcp_billing_export_resource_v1_{suffix}", f"SELECT * FROM detailed {where}")
            rows = f"SELECT * FROM focus WHERE BillingAccountId = '{account}'"
            warehouse.add_table(focus, f"gcp_billing_export_focus_{suffix}", rows)
        warehouse.add_table(main, "cloud_pricing_export", "SELECT * FROM pricing")
        warehouse.add_table(main, "cud_subscriptions_export", "SELECT * FROM cud")
        return warehouse

    def add_dataset(self, project: str, name: str, location: str) -> Dataset:
        """A new empty dataset."""
        self.datasets[project, name] = dataset = Dataset(project, name, location)
        return dataset

    def add_table(self, dataset: Dataset, name: str, source: str, **how: Any) -> Table:
        """A new table over a DuckDB SELECT."""
        dataset.tables[name] = table = Table(dataset.project, dataset.name, name, source, **how)
        return table

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name in the operator's project."""
        return self.datasets[self.ledger.host_project, name]

    def table(self, name: str) -> Table:
        """The first table of that name."""
        return next(table for one in self.datasets.values() for table in one.tables.values() if table.name == name)

    def find_dataset(self, project: str, name: str) -> Dataset:
        """A dataset by its full name.

        Raises:
            GoogleError: notFound.

        """
        found = self.datasets.get((project, name))
        if found is None:
            raise not_found(f"Not found: Dataset {project}:{name}")
        return found

    def find(self, project: str, dataset: str, name: str) -> Table:
        """A table by its full name.

        Raises:
            GoogleError: notFound.

        """
        known = self.datasets.get((project, dataset))
        if known is None:
            raise not_found(f"Not found: Dataset {project}:{dataset} was not found")
        if name not in known.tables:
            raise not_found(f"Not found: Table {project}:{dataset}.{name} was not found in location {known.location}")
        return known.tables[name]

    def columns(self, sql: str) -> list[tuple[str, DuckDBPyType]]:
        """The columns of a SELECT, without pseudo columns; DuckDB's own errors come as they are."""
        with self.lock:
            if sql not in self._schemas:
                with self.ledger.cursor() as cursor:
                    relation = cursor.sql(sql)
                    self._schemas[sql] = list(zip(relation.columns, relation.types, strict=True))
            return [one for one in self._schemas[sql] if one[0] not in {PSEUDO, "_TABLE_SUFFIX"}]

    def schema(self, table: Table) -> list[Field]:
        """The schema of a table."""
        return [field_of(name, kind) for name, kind in self.columns(table.sql)]


def missing_permission(table: Table) -> GoogleError:
    """What a query is told whose table the caller may not read."""
    message = (
        f"Access Denied: Table {table.said}: User does not have permission to query table {table.said}, or perhaps it"
        " does not exist."
    )
    return GoogleError("PERMISSION_DENIED", message, "accessDenied")
