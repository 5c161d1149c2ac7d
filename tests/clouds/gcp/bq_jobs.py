"""Query jobs: planned, priced, limited, run over DuckDB, polled, cancelled, and their results kept as tables."""

import hashlib
import json
import secrets
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from tests.clouds.gcp import bq_bytes
from tests.clouds.gcp.bq_sql import Query, invalid_query, understand
from tests.clouds.gcp.bq_types import Field, cast_of, field_of
from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import GoogleError, denied, not_found, unimplemented
from tests.clouds.gcp.warehouse import Warehouse, missing_permission


@dataclass
class Job:
    """One query job and where it stands."""

    project: str
    id: str
    location: str
    configuration: dict[str, Any]
    email: str
    created: datetime
    dry: bool = False
    polls_left: int = 0
    never_done: bool = False
    error: GoogleError | None = None
    estimate: int = 0
    billed: int = 0
    cached: bool = False
    schema: list[Field] = field(default_factory=list)
    rows: pa.Table | None = None
    read: list[dict[str, str]] = field(default_factory=list)
    partitions: int = 0

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self.error is not None or not (self.never_done or self.polls_left)

    def poll(self) -> bool:
        """Ask once more whether it has ended."""
        self.polls_left = max(0, self.polls_left - 1)
        return self.done

    def cancel(self) -> None:
        """Stop it, if it still runs."""
        if not self.done:
            message = "Job execution was cancelled: User requested cancellation"
            self.error = GoogleError("CANCELLED", message, "stopped")
            self.rows = None

    @property
    def reference(self) -> dict[str, str]:
        """Its jobReference."""
        return {"projectId": self.project, "jobId": self.id, "location": self.location}

    def resource(self) -> dict[str, Any]:
        """The jobs resource."""
        millis = str(int(self.created.timestamp() * 1000))
        status: dict[str, Any] = {"state": "DONE" if self.done else "RUNNING"}
        if self.error:
            status |= {"errorResult": self.error.entry(), "errors": [self.error.entry()]}
        query: dict[str, Any] = {
            "totalBytesProcessed": str(0 if self.cached else self.estimate),
            "totalBytesBilled": str(self.billed),
            "cacheHit": self.cached,
            "statementType": "SELECT",
            "referencedTables": self.read,
            "totalBytesProcessedAccuracy": "PRECISE",
        }
        if self.dry:
            query["schema"] = {"fields": self.schema}
        statistics: dict[str, Any] = {"creationTime": millis, "startTime": millis, "query": query}
        statistics["totalBytesProcessed"] = query["totalBytesProcessed"]
        if self.done and not self.dry:
            statistics["endTime"] = millis
        reference = self.reference if not self.dry else {"projectId": self.project, "location": self.location}
        return {
            "kind": "bigquery#job",
            "id": f"{self.project}:{self.location}.{self.id}",
            "jobReference": reference,
            "configuration": self.configuration,
            "status": status,
            "statistics": statistics,
            "user_email": self.email,
        }


@dataclass
class Jobs:
    """Every job of one endpoint."""

    warehouse: Warehouse
    known: dict[tuple[str, str], Job] = field(default_factory=dict)
    cache: dict[str, tuple[list[Field], pa.Table]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, project: str, job_id: str, location: str | None) -> Job:
        """A job, by its place too: outside the US and EU multi-regions nobody finds it without.

        Raises:
            GoogleError: notFound.

        """
        job = self.known.get((project, job_id))
        asked = location or (job.location if job and job.location in {"US", "EU"} else "US")
        if job is None or job.location.lower() != asked.lower():
            raise not_found(f"Not found: Job {project}:{asked}.{job_id}")
        return job

    def start(self, call: Call, project: str, body: dict[str, Any]) -> Job:
        """Begin the job that a jobs resource describes.

        Raises:
            GoogleError: it may not be started, or cannot be planned; what fails later is in the job.

        """
        configuration = body.get("configuration", {})
        if "query" not in configuration:
            raise unimplemented(f"jobs of {', '.join(configuration)}")
        self._may_start(call, project)
        reference = body.get("jobReference", {})
        job_id = reference.get("jobId") or f"job_{uuid.uuid4().hex}"
        if (project, job_id) in self.known:
            raise GoogleError("ALREADY_EXISTS", f"Already Exists: Job {project}:{job_id}", "duplicate")
        asked = configuration["query"]
        if asked.get("useLegacySql", True):
            raise unimplemented("legacy SQL (useLegacySql defaults to true)")
        dry = bool(configuration.get("dryRun"))
        job = Job(
            project, job_id, reference.get("location", ""), configuration, call.principal.email, call.now, dry=dry
        )
        try:
            self._run(call, job, asked)
        except GoogleError as error:
            if dry or error.reason == "invalidQuery" or error.code == "UNIMPLEMENTED":
                raise
            job.error = error
        job.location = job.location or "US"
        if not dry:
            job.polls_left = int(call.settings.get("polls", 0))
            job.never_done = bool(call.fault and call.fault.never_done)
            with self.lock:
                self.known[project, job_id] = job
        return job

    def _may_start(self, call: Call, project: str) -> None:
        projects = {one["id"] for one in self.warehouse.ledger.projects}
        if project not in projects or not call.allows("bigquery.jobs.create", f"projects/{project}"):
            message = f"Access Denied: Project {project}: User does not have bigquery.jobs.create permission in project {project}."
            raise GoogleError("PERMISSION_DENIED", message, "accessDenied")

    def _run(self, call: Call, job: Job, asked: dict[str, Any]) -> None:
        default = asked.get("defaultDataset", {})
        query = understand(asked["query"], self.warehouse, job.project, default, asked.get("queryParameters", []))
        self._place(job, query)
        for table in query.distinct:
            if not call.allows("bigquery.tables.getData", table.resource):
                raise missing_permission(table)
        job.read = [
            {"projectId": table.project, "datasetId": table.dataset, "tableId": table.name} for table in query.distinct
        ]
        names, casts = self._columns(query)
        job.estimate = bq_bytes.processed(query, self.warehouse)
        if job.dry:
            job.schema = names
            return
        key = self._key(call, query)
        if asked.get("useQueryCache", True) and not query.changes and key in self.cache:
            job.cached, (job.schema, job.rows) = True, self.cache[key]
        else:
            self._pay(job, query, asked.get("maximumBytesBilled"))
            job.schema, job.rows = names, self._fetch(query, casts)
            self.cache[key] = (job.schema, job.rows)
        self._keep(job)

    def _place(self, job: Job, query: Query) -> None:
        """Every dataset has to be where the job runs."""
        for table in query.distinct:
            at = self.warehouse.datasets[table.project, table.dataset].location
            if not job.location:
                job.location = at
            elif at.lower() != job.location.lower():
                message = f"Not found: Dataset {table.project}:{table.dataset} was not found in location {job.location}"
                raise not_found(message)

    def _columns(self, query: Query) -> tuple[list[Field], list[str]]:
        try:
            columns = self.warehouse.columns(query.sql)
        except duckdb.Error as error:
            raise _refused(error) from error
        fields = [field_of(_unnamed(name, number), kind) for number, (name, kind) in enumerate(columns)]
        return fields, [cast_of(kind) for _, kind in columns]

    def _pay(self, job: Job, query: Query, limit: str | None) -> None:
        job.billed = bq_bytes.billed(query, job.estimate)
        if limit is not None and job.billed > int(limit):
            message = f"Query exceeded limit for bytes billed: {limit}. {job.billed} or higher required."
            job.billed = 0
            raise GoogleError("INVALID_ARGUMENT", message, "bytesBilledLimitExceeded")
        with self.lock:
            self.warehouse.billed += job.billed

    def _fetch(self, query: Query, casts: list[str]) -> pa.Table:
        with self.warehouse.ledger.cursor() as cursor:
            try:
                relation = cursor.sql(query.sql)
                shown = [name for name in relation.columns if name not in {"_PARTITIONTIME", "_TABLE_SUFFIX"}]
                columns = zip(shown, casts, strict=True)
                each = [
                    f'CAST("{name.replace(chr(34), chr(34) * 2)}" AS {kind}) AS "{_unnamed(name, number)}"'
                    for number, (name, kind) in enumerate(columns)
                ]
                return relation.project(", ".join(each)).to_arrow_table()
            except duckdb.Error as error:
                raise _refused(error) from error

    def _key(self, call: Call, query: Query) -> str:
        """What a cached result is found by: the caller, the query, and the tables as they are."""
        said = [call.principal.email, query.sql]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def _keep(self, job: Job) -> None:
        """The anonymous table that holds the result for a day."""
        job.configuration = json.loads(json.dumps(job.configuration))
        job.configuration["query"].setdefault(
            "destinationTable",
            {
                "projectId": job.project,
                "datasetId": f"_{secrets.token_hex(20)}",
                "tableId": f"anon{secrets.token_hex(20)}",
            },
        )

    def result_of(self, project: str, dataset: str, table: str) -> Job | None:
        """The job whose anonymous table this is."""
        wanted = {"projectId": project, "datasetId": dataset, "tableId": table}
        jobs = list(self.known.values())
        return next((one for one in jobs if one.configuration["query"].get("destinationTable") == wanted), None)


def require_read(call: Call, resource: str) -> None:
    """Refuse who may not read a table's rows.

    Raises:
        GoogleError: accessDenied.

    """
    if not call.allows("bigquery.tables.getData", resource):
        raise denied("bigquery.tables.getData", resource)


def _unnamed(name: str, number: int) -> str:
    """A column without an alias is called f0_, f1_... in the order of columns."""
    return name if name.replace("_", "").isalnum() and not name[0].isdigit() else f"f{number}_"


def _refused(error: duckdb.Error) -> GoogleError:
    """What the caller hears: the query is wrong, or is GoogleSQL that DuckDB cannot be told."""
    text = str(error).splitlines()[0]
    if isinstance(error, duckdb.CatalogException | duckdb.ParserException) or "No function matches" in text:
        return unimplemented(f"GoogleSQL that does not translate: {text}")
    if 'Referenced column "' in text:
        return invalid_query(f"Unrecognized name: {text.split(chr(34))[1]} at [1:1]")
    return invalid_query(text)
