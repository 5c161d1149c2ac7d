"""BigQuery's REST methods, version 2: which request means which, and those on jobs and query results."""

import json
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.clouds.gcp.bq_jobs import Job
from tests.clouds.gcp.bq_tables import HANDLERS, Ask, slice_rows
from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import denied
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
    return _HANDLERS[call.method](Ask(call, names, asked, body, endpoint.jobs))


def _insert(ask: Ask) -> dict[str, Any]:
    return ask.jobs.start(ask.call, ask.names[0], ask.body).resource()


def _mine(call: Call, job: Job) -> Job:
    if job.email != call.principal.email and not call.allows("bigquery.jobs.get", f"projects/{job.project}"):
        raise denied("bigquery.jobs.get", f"projects/{job.project}")
    return job


def _job(ask: Ask) -> dict[str, Any]:
    job = _mine(ask.call, ask.jobs.find(*ask.names, ask.query.get("location")))
    if not job.poll():
        time.sleep(_WAIT)
    return job.resource()


def _cancel(ask: Ask) -> dict[str, Any]:
    job = _mine(ask.call, ask.jobs.find(*ask.names, ask.query.get("location")))
    job.cancel()
    return {"kind": "bigquery#jobCancelResponse", "job": job.resource()}


def _results(ask: Ask) -> dict[str, Any]:
    job = _mine(ask.call, ask.jobs.find(*ask.names, ask.query.get("location")))
    if not job.poll():
        time.sleep(min(_WAIT, int(ask.query.get("timeoutMs", 10_000)) / 1000))
    return _result(ask.call, job, ask.query)


def _result(call: Call, job: Job, asked: dict[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": "bigquery#getQueryResultsResponse", "jobReference": job.reference}
    if not job.done:
        return {**said, "jobComplete": False}
    if job.error:
        raise job.error
    rows, token = slice_rows(call, job.rows, job.schema, [job.project, job.id], asked)
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


def _query(ask: Ask) -> dict[str, Any]:
    """jobs.query: start and wait in one request."""
    configuration = {"query": {name: ask.body[name] for name in _QUERY_MEMBERS if name in ask.body}}
    described = {"configuration": configuration, "jobReference": {"location": ask.body.get("location", "")}}
    if ask.body.get("dryRun"):
        configuration["dryRun"] = True
        job = ask.jobs.start(ask.call, ask.names[0], described)
        said = {
            "kind": "bigquery#queryResponse",
            "jobReference": {},
            "jobComplete": True,
            "schema": {"fields": job.schema},
        }
        return {**said, "totalBytesProcessed": str(job.estimate), "cacheHit": False}
    job = ask.jobs.start(ask.call, ask.names[0], described)
    options = ask.body.get("formatOptions", {})
    paging = {"formatOptions.useInt64Timestamp": str(options.get("useInt64Timestamp", False)).lower()}
    if ask.body.get("maxResults") is not None:
        paging["maxResults"] = str(ask.body["maxResults"])
    return {**_result(ask.call, job, paging), "kind": "bigquery#queryResponse"}


_HANDLERS: Final[dict[str, Callable[[Ask], dict[str, Any]]]] = {
    **HANDLERS,
    "bigquery.jobs.insert": _insert,
    "bigquery.jobs.get": _job,
    "bigquery.jobs.cancel": _cancel,
    "bigquery.jobs.getQueryResults": _results,
    "bigquery.jobs.query": _query,
}
