"""BigQuery's REST methods, version 2: datasets, tables, rows, jobs and query results."""

import json
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.clouds.gcp import bq_bytes
from tests.clouds.gcp.bq_jobs import Job, Jobs, require_read
from tests.clouds.gcp.bq_types import row_of
from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import GoogleError, denied, unimplemented
from tests.clouds.gcp.warehouse import Dataset, Table
from tests.clouds.gcp.wire import Request

if TYPE_CHECKING:
    from tests.clouds.gcp.endpoint import Endpoint

PREFIX: Final = re.compile(r"(?:/bigquery/v2)?/projects")
_ROUTES: Final = (
    ("GET", r"", "bigquery.projects.list"),
    ("GET", r"/([^/]+)/datasets", "bigquery.datasets.list"),
    ("GET", r"/([^/]+)/datasets/([^/]+)", "bigquery.datasets.get"),
    ("GET", r"/([^/]+)/datasets/([^/]+)/tables", "bigquery.tables.list"),
    ("GET", r"/([^/]+)/datasets/([^/]+)/tables/([^/]+)", "bigquery.tables.get"),
    ("GET", r"/([^/]+)/datasets/([^/]+)/tables/([^/]+)/data", "bigquery.tabledata.list"),
    ("POST", r"/([^/]+)/jobs", "bigquery.jobs.insert"),
    ("GET", r"/([^/]+)/jobs/([^/]+)", "bigquery.jobs.get"),
    ("POST", r"/([^/]+)/jobs/([^/]+)/cancel", "bigquery.jobs.cancel"),
    ("GET", r"/([^/]+)/queries/([^/]+)", "bigquery.jobs.getQueryResults"),
    ("POST", r"/([^/]+)/queries", "bigquery.jobs.query"),
)
_WAIT: Final = 0.1
"""How long the endpoint holds a question after a job that never ends."""


def is_bigquery(path: str) -> bool:
    """Whether the path is of this API."""
    return path.startswith(("/bigquery/v2/", "/resumable/upload/bigquery/", "/upload/bigquery/"))


def method_of(request: Request) -> tuple[str, list[str]] | None:
    """The method and the names in the path; None for one that is not made here."""
    path = unquote(urlsplit(request.target).path)
    rest = PREFIX.sub("", path, count=1)
    for verb, pattern, name in _ROUTES:
        if verb == request.method and path.startswith("/bigquery/v2/") and (found := re.fullmatch(pattern, rest)):
            return name, list(found.groups())
    return None


def resource_of(names: list[str]) -> str:
    """The resource that the names in a path stand for."""
    kinds = ("projects", "datasets", "tables")
    return "/".join(f"{kind}/{name}" for kind, name in zip(kinds, names, strict=False))


def answer(call: Call, names: list[str], request: Request, endpoint: "Endpoint") -> dict[str, Any]:
    """The body of the reply.

    Raises:
        GoogleError: as BigQuery refuses.

    """
    asked = dict(parse_qsl(urlsplit(request.target).query))
    body = json.loads(request.body) if request.body else {}
    return _HANDLERS[call.method](call, names, asked, body, endpoint.jobs)


def _page(call: Call, items: list[Any], names: list[str], asked: dict[str, str], default: int) -> tuple[Any, dict]:
    rest = [names, {key: value for key, value in asked.items() if key not in {"pageToken", "maxResults", "startIndex"}}]
    size = int(asked.get("maxResults", default))
    found, token = call.slice(items, size, default, asked.get("pageToken"), rest)
    return found, {"nextPageToken": token} if token else {}


def _projects(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    known = [one for one in call.ledger.projects if call.allows("bigquery.jobs.create", f"projects/{one['id']}")]
    found, more = _page(call, known, names, asked, 50)
    projects = [
        {
            "kind": "bigquery#project",
            "id": one["id"],
            "numericId": one["number"],
            "projectReference": {"projectId": one["id"]},
            "friendlyName": one["name"],
        }
        for one in found
    ]
    return {"kind": "bigquery#projectList", "projects": projects, "totalItems": len(known), **more}


def _datasets(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    [project] = names
    if project not in {one["id"] for one in call.ledger.projects}:
        raise GoogleError("NOT_FOUND", f"Not found: Project {project}", "notFound")
    known = [
        one
        for one in call.warehouse.datasets.values()
        if one.project == project and call.allows("bigquery.datasets.get", one.resource)
    ]
    found, more = _page(call, known, names, asked, 50)
    said = {"kind": "bigquery#datasetList", "etag": "e", **more}
    return said | ({"datasets": [_dataset_entry(one) for one in found]} if found else {})


def _dataset_entry(dataset: Dataset) -> dict[str, Any]:
    return {
        "kind": "bigquery#dataset",
        "id": f"{dataset.project}:{dataset.name}",
        "datasetReference": {"datasetId": dataset.name, "projectId": dataset.project},
        "location": dataset.location,
    }


def _dataset(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    found = call.warehouse.find_dataset(*names)
    _require(call, "bigquery.datasets.get", found.resource, f"Dataset {found.project}:{found.name}")
    millis = str(int(call.now.timestamp() * 1000))
    kind = "LINKED" if found.name.startswith("gcp_billing_immutable_") else "DEFAULT"
    return {**_dataset_entry(found), "creationTime": millis, "lastModifiedTime": millis, "type": kind, "etag": "e"}


def _tables(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    dataset = call.warehouse.find_dataset(*names)
    _require(call, "bigquery.tables.list", dataset.resource, f"Dataset {dataset.project}:{dataset.name}")
    found, more = _page(call, list(dataset.tables.values()), names, asked, 50)
    tables = [_table_entry(call, one) for one in found]
    said = {"kind": "bigquery#tableList", "etag": "e", "totalItems": len(dataset.tables), **more}
    return said | ({"tables": tables} if tables else {})


def _table_entry(call: Call, table: Table) -> dict[str, Any]:
    said: dict[str, Any] = {
        "kind": "bigquery#table",
        "id": table.said,
        "tableReference": {"projectId": table.project, "datasetId": table.dataset, "tableId": table.name},
        "type": "VIEW" if table.view else "TABLE",
        "creationTime": str(int(call.now.timestamp() * 1000)),
    }
    if table.partitioned:
        said["timePartitioning"] = {"type": "DAY"}
    if table.requires_filter:
        said["requirePartitionFilter"] = True
    return said


def _table(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    if (job := jobs.result_of(*names)) and job.rows is not None:
        reference = dict(zip(("projectId", "datasetId", "tableId"), names, strict=True))
        said = {"kind": "bigquery#table", "tableReference": reference, "type": "TABLE", "location": job.location}
        return {**said, "id": f"{names[0]}:{names[1]}.{names[2]}", "schema": {"fields": job.schema}, "numRows": str(job.rows.num_rows)}
    table = call.warehouse.find(*names)
    _require(call, "bigquery.tables.get", table.resource, f"Table {table.said}")
    where = call.warehouse.find_dataset(table.project, table.dataset).location
    [counted] = call.ledger.rows(f"SELECT count(*) AS n{_newest(call, table)} FROM ({table.sql})")
    said = {
        **_table_entry(call, table),
        "location": where,
        "schema": {"fields": call.warehouse.schema(table)},
        "numRows": str(counted["n"]),
        "numBytes": str(bq_bytes.table_bytes(table, call.warehouse)),
        "numLongTermBytes": "0",
        "lastModifiedTime": str(int((counted.get("newest") or call.now).timestamp() * 1000)),
        "etag": f"{counted['n']}",
    }
    if table.view:
        said["view"] = {"query": table.view, "useLegacySql": False}
    return said


def _newest(call: Call, table: Table) -> str:
    timed = any(name == "export_time" for name, _ in call.warehouse.columns(table.sql))
    return ", max(export_time) AS newest" if timed else ""


def _require(call: Call, permission: str, resource: str, what: str) -> None:
    if not call.allows(permission, resource):
        message = f"Access Denied: {what}: Permission {permission} denied on {what.lower()} (or it may not exist)."
        raise GoogleError("PERMISSION_DENIED", message, "accessDenied")


def _rows(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    """tabledata.list, which is free."""
    if (job := jobs.result_of(*names)) and job.rows is not None:
        rows, schema = job.rows, job.schema
    else:
        table = call.warehouse.find(*names)
        require_read(call, table.resource)
        schema = call.warehouse.schema(table)
        if asked.get("selectedFields"):
            chosen = asked["selectedFields"].split(",")
            if any("." in one for one in chosen):
                raise unimplemented("selectedFields of members")
            schema = [one for one in schema if one["name"] in chosen]
        columns = ", ".join(f'"{one["name"]}"' for one in schema)
        with call.ledger.cursor() as cursor:
            rows = cursor.sql(f"SELECT {columns} FROM ({table.sql})").to_arrow_table()
    said, token = _slice(call, rows, schema, names, asked)
    return {"kind": "bigquery#tableDataList", "totalRows": str(rows.num_rows), "rows": said, **({"pageToken": token} if token else {})}


def _slice(call: Call, rows: Any, schema: list, names: list[str], asked: dict[str, str]) -> tuple[list, str]:
    start = int(asked.get("startIndex", 0))
    rest = [names, asked.get("startIndex"), asked.get("selectedFields")]
    most = 100_000
    numbers, token = call.slice(range(start, rows.num_rows), int(asked.get("maxResults", most)), most, asked.get("pageToken"), rest)
    part = rows.slice(numbers.start, len(numbers)).to_pylist() if len(numbers) else []
    whole = asked.get("formatOptions.useInt64Timestamp") in {"true", "True"}
    return [row_of(row, schema, whole_microseconds=whole) for row in part], token


def _insert(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    return jobs.start(call, names[0], body).resource()


def _mine(call: Call, job: Job) -> Job:
    if job.email != call.principal.email and not call.allows("bigquery.jobs.get", f"projects/{job.project}"):
        raise denied("bigquery.jobs.get", f"projects/{job.project}")
    return job


def _job(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    job = _mine(call, jobs.find(*names, asked.get("location")))
    if not job.poll():
        time.sleep(_WAIT)
    return job.resource()


def _cancel(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    job = _mine(call, jobs.find(*names, asked.get("location")))
    job.cancel()
    return {"kind": "bigquery#jobCancelResponse", "job": job.resource()}


def _results(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    job = _mine(call, jobs.find(*names, asked.get("location")))
    if not job.poll():
        time.sleep(min(_WAIT, int(asked.get("timeoutMs", 10_000)) / 1000))
    return _result(call, job, asked)


def _result(call: Call, job: Job, asked: dict[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": "bigquery#getQueryResultsResponse", "jobReference": job.reference}
    if not job.done:
        return {**said, "jobComplete": False}
    if job.error:
        raise job.error
    rows, token = _slice(call, job.rows, job.schema, [job.project, job.id], asked)
    said |= {
        "jobComplete": True,
        "schema": {"fields": job.schema},
        "totalRows": str(job.rows.num_rows if job.rows is not None else 0),
        "totalBytesProcessed": str(0 if job.cached else job.estimate),
        "cacheHit": job.cached,
    }
    return said | ({"rows": rows} if rows else {}) | ({"pageToken": token} if token else {})


_QUERY_MEMBERS: Final = ("query", "useLegacySql", "maximumBytesBilled", "defaultDataset", "queryParameters",
                         "parameterMode", "useQueryCache")  # fmt: skip


def _query(call: Call, names: list[str], asked: dict, body: dict, jobs: Jobs) -> dict[str, Any]:
    """jobs.query: start and wait in one request."""
    configuration = {"query": {name: body[name] for name in _QUERY_MEMBERS if name in body}}
    described = {"configuration": configuration, "jobReference": {"location": body.get("location", "")}}
    if body.get("dryRun"):
        configuration["dryRun"] = True
        job = jobs.start(call, names[0], described)
        said = {"kind": "bigquery#queryResponse", "jobReference": {}, "jobComplete": True, "schema": {"fields": job.schema}}
        return {**said, "totalBytesProcessed": str(job.estimate), "cacheHit": False}
    job = jobs.start(call, names[0], described)
    options = body.get("formatOptions", {})
    paging = {"formatOptions.useInt64Timestamp": str(options.get("useInt64Timestamp", False)).lower()}
    if body.get("maxResults") is not None:
        paging["maxResults"] = str(body["maxResults"])
    return {**_result(call, job, paging), "kind": "bigquery#queryResponse"}


_HANDLERS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "bigquery.projects.list": _projects,
    "bigquery.datasets.list": _datasets,
    "bigquery.datasets.get": _dataset,
    "bigquery.tables.list": _tables,
    "bigquery.tables.get": _table,
    "bigquery.tabledata.list": _rows,
    "bigquery.jobs.insert": _insert,
    "bigquery.jobs.get": _job,
    "bigquery.jobs.cancel": _cancel,
    "bigquery.jobs.getQueryResults": _results,
    "bigquery.jobs.query": _query,
}
