"""BigQuery's REST methods on datasets, tables and their rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.clouds.gcp import bq_bytes
from tests.clouds.gcp.bq_jobs import Jobs, require_read
from tests.clouds.gcp.bq_types import row_of
from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import GoogleError, unimplemented
from tests.clouds.gcp.warehouse import Dataset, Table


@dataclass(frozen=True)
class Ask:
    """One REST request: the call, the names in its path, its query and its body, and the jobs of the endpoint."""

    call: Call
    names: list[str]
    query: dict[str, str]
    body: dict[str, Any]
    jobs: Jobs


def _page(call: Call, items: list[Any], names: list[str], asked: dict[str, str], default: int) -> tuple[Any, dict]:
    rest = [names, {key: value for key, value in asked.items() if key not in {"pageToken", "maxResults", "startIndex"}}]
    size = int(asked.get("maxResults", default))
    found, token = call.slice(items, size, default, asked.get("pageToken"), rest)
    return found, {"nextPageToken": token} if token else {}


def _projects(ask: Ask) -> dict[str, Any]:
    known = [
        one for one in ask.call.ledger.projects if ask.call.allows("bigquery.jobs.create", f"projects/{one['id']}")
    ]
    found, more = _page(ask.call, known, ask.names, ask.query, 50)
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


def _datasets(ask: Ask) -> dict[str, Any]:
    [project] = ask.names
    if project not in {one["id"] for one in ask.call.ledger.projects}:
        raise GoogleError("NOT_FOUND", f"Not found: Project {project}", "notFound")
    known = [
        one
        for one in ask.call.warehouse.datasets.values()
        if one.project == project and ask.call.allows("bigquery.datasets.get", one.resource)
    ]
    found, more = _page(ask.call, known, ask.names, ask.query, 50)
    said = {"kind": "bigquery#datasetList", "etag": "e", **more}
    return said | ({"datasets": [_dataset_entry(one) for one in found]} if found else {})


def _dataset_entry(dataset: Dataset) -> dict[str, Any]:
    return {
        "kind": "bigquery#dataset",
        "id": f"{dataset.project}:{dataset.name}",
        "datasetReference": {"datasetId": dataset.name, "projectId": dataset.project},
        "location": dataset.location,
    }


def _dataset(ask: Ask) -> dict[str, Any]:
    found = ask.call.warehouse.find_dataset(*ask.names)
    _require(ask.call, "bigquery.datasets.get", found.resource, f"Dataset {found.project}:{found.name}")
    millis = str(int(ask.call.now.timestamp() * 1000))
    kind = "LINKED" if found.name.startswith("gcp_billing_immutable_") else "DEFAULT"
    return {**_dataset_entry(found), "creationTime": millis, "lastModifiedTime": millis, "type": kind, "etag": "e"}


def _tables(ask: Ask) -> dict[str, Any]:
    dataset = ask.call.warehouse.find_dataset(*ask.names)
    _require(ask.call, "bigquery.tables.list", dataset.resource, f"Dataset {dataset.project}:{dataset.name}")
    found, more = _page(ask.call, list(dataset.tables.values()), ask.names, ask.query, 50)
    tables = [_table_entry(ask.call, one) for one in found]
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


def _table(ask: Ask) -> dict[str, Any]:
    if (job := ask.jobs.result_of(*ask.names)) and job.rows is not None:
        reference = dict(zip(("projectId", "datasetId", "tableId"), ask.names, strict=True))
        said = {"kind": "bigquery#table", "tableReference": reference, "type": "TABLE", "location": job.location}
        return {
            **said,
            "id": f"{ask.names[0]}:{ask.names[1]}.{ask.names[2]}",
            "schema": {"fields": job.schema},
            "numRows": str(job.rows.num_rows),
        }
    table = ask.call.warehouse.find(*ask.names)
    _require(ask.call, "bigquery.tables.get", table.resource, f"Table {table.said}")
    where = ask.call.warehouse.find_dataset(table.project, table.dataset).location
    [counted] = ask.call.ledger.rows(f"SELECT count(*) AS n{_newest(ask.call, table)} FROM ({table.sql})")
    said = {
        **_table_entry(ask.call, table),
        "location": where,
        "schema": {"fields": ask.call.warehouse.schema(table)},
        "numRows": str(counted["n"]),
        "numBytes": str(bq_bytes.table_bytes(table, ask.call.warehouse)),
        "numLongTermBytes": "0",
        "lastModifiedTime": str(int((counted.get("newest") or ask.call.now).timestamp() * 1000)),
        "etag": f"{counted['n']}",
    }
    if table.view:
        said["numBytes"] = said["numRows"] = "0"
        said["view"] = {"query": table.view, "useLegacySql": False}
    return said


def _newest(call: Call, table: Table) -> str:
    timed = any(name == "export_time" for name, _ in call.warehouse.columns(table.sql))
    return ", max(export_time) AS newest" if timed else ""


def _require(call: Call, permission: str, resource: str, what: str) -> None:
    if not call.allows(permission, resource):
        message = f"Access Denied: {what}: Permission {permission} denied on {what.lower()} (or it may not exist)."
        raise GoogleError("PERMISSION_DENIED", message, "accessDenied")


def _rows(ask: Ask) -> dict[str, Any]:
    """tabledata.list, which is free."""
    if (job := ask.jobs.result_of(*ask.names)) and job.rows is not None:
        rows, schema = job.rows, job.schema
    else:
        table = ask.call.warehouse.find(*ask.names)
        require_read(ask.call, table.resource)
        schema = ask.call.warehouse.schema(table)
        if ask.query.get("selectedFields"):
            chosen = ask.query["selectedFields"].split(",")
            if any("." in one for one in chosen):
                raise unimplemented("selectedFields of members")
            schema = [one for one in schema if one["name"] in chosen]
        columns = ", ".join(f'"{one["name"]}"' for one in schema)
        with ask.call.ledger.cursor() as cursor:
            rows = cursor.sql(f"SELECT {columns} FROM ({table.sql})").to_arrow_table()
    said, token = slice_rows(ask.call, rows, schema, ask.names, ask.query)
    return {
        "kind": "bigquery#tableDataList",
        "totalRows": str(rows.num_rows),
        "rows": said,
        **({"pageToken": token} if token else {}),
    }


def slice_rows(call: Call, rows: Any, schema: list, names: list[str], asked: dict[str, str]) -> tuple[list, str]:
    """A page of an Arrow table as JSON rows, and the token of the next one."""
    start = int(asked.get("startIndex", 0))
    rest = [names, asked.get("startIndex"), asked.get("selectedFields")]
    most = 100_000
    numbers, token = call.slice(
        range(start, rows.num_rows), int(asked.get("maxResults", most)), most, asked.get("pageToken"), rest
    )
    part = rows.slice(numbers.start, len(numbers)).to_pylist() if len(numbers) else []
    whole = asked.get("formatOptions.useInt64Timestamp") in {"true", "True"}
    return [row_of(row, schema, whole_microseconds=whole) for row in part], token


HANDLERS: Final[dict[str, Callable[[Ask], dict[str, Any]]]] = {
    "bigquery.projects.list": _projects,
    "bigquery.datasets.list": _datasets,
    "bigquery.datasets.get": _dataset,
    "bigquery.tables.list": _tables,
    "bigquery.tables.get": _table,
    "bigquery.tabledata.list": _rows,
}
