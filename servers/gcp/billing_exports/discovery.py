"""Which billing exports there are: the datasets of the settings or of the quota project, and their tables by name.

`ExportTables(live).found()` has every kind; a port that needs the pricing or the commitment export asks it for those.
"""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from servers.gcp.gaps import gap_of
from servers.gcp.live import Live
from servers.gcp.settings import DatasetName
from shared_models.base import WireModel
from shared_models.coverage import Freshness, Gap
from shared_models.errors import FinOpsError

FRESH_FOR: Final = timedelta(hours=1)
Result = TypeVar("Result")


class Kind(StrEnum):
    """The exports of Cloud Billing; of those that hold a bill the better ones come first."""

    FOCUS = "focus"
    DETAILED = "detailed"
    STANDARD = "standard"
    FOCUS_VIEW = "focus_view"
    PRICING = "pricing"
    COMMITMENTS = "commitments"


TABLES: Final = (Kind.FOCUS, Kind.DETAILED, Kind.STANDARD)
"""What can be mirrored."""
BILLS: Final = (*TABLES, Kind.FOCUS_VIEW)
"""What can be queried: a view has no partitions, so that each reading of it would be whole."""
_NAMES: Final = (
    (re.compile(r"^gcp_billing_export_focus_(?P<account>[0-9A-F]{6}_[0-9A-F]{6}_[0-9A-F]{6})$"), Kind.FOCUS),
    (re.compile(r"^gcp_billing_export_resource_v1_(?P<account>[0-9A-F]{6}_[0-9A-F]{6}_[0-9A-F]{6})$"), Kind.DETAILED),
    (re.compile(r"^gcp_billing_export_v1_(?P<account>[0-9A-F]{6}_[0-9A-F]{6}_[0-9A-F]{6})$"), Kind.STANDARD),
    (re.compile(r"^cloud_pricing_export$"), Kind.PRICING),
    (re.compile(r"^cud_subscriptions_export$"), Kind.COMMITMENTS),
)
_VIEW: Final = frozenset({"BilledCost", "BillingAccountId", "BillingCurrency", "ChargePeriodStart"})


class ExportTable(WireModel):
    """One table or view. `billing_account_id` is the account whose export it is, sub-accounts' rows included."""

    kind: Kind
    project: str
    dataset: str
    table: str
    location: str
    billing_account_id: str | None = None
    partitioned: bool = True
    columns: tuple[str, ...] = ()
    rows: int = 0
    bytes: int = 0
    modified: datetime | None = None

    @property
    def name(self) -> str:
        """As GoogleSQL writes it."""
        return f"{self.project}.{self.dataset}.{self.table}"

    @property
    def said(self) -> str:
        """As people call it."""
        account = f" of {self.billing_account_id}" if self.billing_account_id else ""
        return f"{self.kind.value.replace('_', ' ')} export{account} in {self.name}"

    @property
    def resource(self) -> str:
        """Its resource name."""
        return f"projects/{self.project}/datasets/{self.dataset}/tables/{self.table}"


class Found(WireModel):
    """Every export that was found, and the datasets that could not be looked at."""

    tables: tuple[ExportTable, ...]
    gaps: tuple[Gap, ...] = ()

    def of(self, *kinds: Kind) -> tuple[ExportTable, ...]:
        """Those of some kinds, the better kind first."""
        return tuple(sorted((one for one in self.tables if one.kind in kinds), key=lambda one: kinds.index(one.kind)))


class ExportTables:
    """Looks once an hour; metadata is free. Blocking, call it off the event loop."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._guard = threading.Lock()
        self._found: Found | None = None
        self._looked_at: datetime | None = None

    def found(self, older_than: timedelta = FRESH_FOR) -> Found:
        """What there is, looked at anew where the last look is older than this.

        Raises:
            FinOpsError: no dataset could be looked at.

        """
        with self._guard:
            now = self._live.clock()
            if self._found is None or self._looked_at is None or now - self._looked_at >= older_than:
                self._found, self._looked_at = self._look(), now
            return self._found

    def freshness(self) -> tuple[Freshness, ...]:
        """Every export that was found by the last look, with its dataset, and when it was last written."""
        found = self._found.tables if self._found else ()
        return tuple(
            Freshness(source="gcp", data_as_of=one.modified, fetched_at=self._looked_at, origin=one.said)
            for one in found
        )

    def _look(self) -> Found:
        gaps: list[Gap] = []
        tables: list[ExportTable] = []
        problems: list[FinOpsError] = []
        for dataset in self._datasets():
            try:
                tables += self._tables(dataset, gaps)
            except FinOpsError as error:
                problems.append(error)
                gaps.append(gap_of(f"dataset {dataset.project}.{dataset.dataset}", error))
        if problems and not tables:
            raise problems[0]
        wanted = self._live.settings.billing_accounts
        kept = [one for one in tables if not wanted or one.billing_account_id in {None, *wanted}]
        return Found(tables=tuple(sorted(kept, key=lambda one: one.name)), gaps=tuple(gaps))

    def _datasets(self) -> tuple[DatasetName, ...]:
        if self._live.settings.datasets:
            return self._live.settings.datasets
        project = self._live.sessions.project()
        on = f"projects/{project}"
        found = asked(
            self._live, "bigquery.datasets.list", on, lambda client, how: list(client.list_datasets(project, **how))
        )
        return tuple(DatasetName(project=one.project, dataset=one.dataset_id) for one in found)

    def _tables(self, dataset: DatasetName, gaps: list[Gap]) -> Iterator[ExportTable]:
        name = f"{dataset.project}.{dataset.dataset}"
        on = f"projects/{dataset.project}/datasets/{dataset.dataset}"
        listed = asked(
            self._live, "bigquery.tables.list", on, lambda client, how: list(client.list_tables(name, **how))
        )
        for one in listed:
            kind, account = _kind(one.table_id, one.table_type)
            if kind is None:
                continue
            try:
                table = self.described(dataset, one.table_id, kind, account)
            except FinOpsError as error:
                gaps.append(gap_of(f"table {name}.{one.table_id}", error))
                continue
            if kind is not Kind.FOCUS_VIEW or set(table.columns) >= _VIEW:
                yield table

    def described(self, dataset: DatasetName, table: str, kind: Kind, account: str | None) -> ExportTable:
        """A table as BigQuery describes it now; blocking.

        Raises:
            FinOpsError: BigQuery refuses or fails.

        """
        name = f"{dataset.project}.{dataset.dataset}.{table}"
        on = f"projects/{dataset.project}/datasets/{dataset.dataset}/tables/{table}"
        said = asked(self._live, "bigquery.tables.get", on, lambda client, how: client.get_table(name, **how))
        return ExportTable(
            kind=kind,
            project=dataset.project,
            dataset=dataset.dataset,
            table=table,
            location=said.location or "US",
            billing_account_id=account,
            partitioned=said.time_partitioning is not None,
            columns=tuple(field.name for field in said.schema),
            rows=said.num_rows or 0,
            bytes=said.num_bytes or 0,
            modified=said.modified,
        )


def asked(live: Live, call: str, on: str, ask: Callable[[Any, dict[str, Any]], Result]) -> Result:
    """One free request of the BigQuery client, paced; `ask` takes the client and how often and long it may try.

    Raises:
        FinOpsError: as `servers.gcp.errors` translates it.

    """
    live.limiter("bigquery").wait()
    client = live.sessions.client("bigquery")
    seconds = live.settings.patience_seconds
    try:
        return ask(client, {"retry": live.sessions.retry, "timeout": seconds})
    except Exception as error:
        raise live.told(error, call, on) from error


def _kind(table: str, table_type: str) -> tuple[Kind | None, str | None]:
    for pattern, kind in _NAMES:
        if match := pattern.match(table):
            return kind, (match.groupdict().get("account") or "").replace("_", "-") or None
    if table_type in {"VIEW", "MATERIALIZED_VIEW"} and "focus" in table.lower():
        return Kind.FOCUS_VIEW, None
    return None, None
