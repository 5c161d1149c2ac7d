"""Azure Monitor's metrics, one resource or a batch: the sample's daily statistics, by day or spread over its hours.

An hour's values are made so that the day keeps its average and its maximum: one hour has the maximum, another the 95th
percentile, the others share the rest.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from azure.mgmt.monitor import models

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.errors import bad_request, not_found, not_implemented
from tests.clouds.azure.inventory import spelled
from tests.clouds.azure.scope import scope_of

_NAMES: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("virtual_machine", "Percentage CPU"): ("cpu_utilization_percent", "Percent"),
    ("virtual_machine", "Available Memory Percentage"): ("memory_utilization_percent", "Percent"),
    ("virtual_machine", "Network In Total"): ("network_bytes", "Bytes"),
    ("database", "cpu_percent"): ("cpu_utilization_percent", "Percent"),
    ("database", "connection_successful"): ("connections", "Count"),
    ("block_volume", "Composite Disk Read Operations/sec"): ("disk_iops", "CountPerSecond"),
}  # fmt: skip
"""(kind of resource, Azure's name) -> the sample's metric, and Azure's unit."""
_FREE: Final = "Available Memory Percentage"
_MOST: Final = 50
"""Resources of one batch."""


def metrics(call: Call) -> dict[str, Any]:
    """GET metrics of one resource."""
    number = "/" + call.names["resourceUri"].strip("/")
    scope_of(call, "/".join(number.split("/")[1:3]))
    first, _, last = call.query.get("timespan", "").partition("/")
    return _response(call, number, (first, last), call.query)


def batch(call: Call) -> dict[str, Any]:
    """POST metrics:getBatch: the same metrics of up to fifty resources of one subscription."""
    scope_of(call, f"subscriptions/{call.names['subscriptionId']}")
    numbers = (call.body or {}).get("resourceids") or []
    if not 0 < len(numbers) <= _MOST:
        raise bad_request(f"The number of resources must be between 1 and {_MOST}.")
    if "metricnamespace" not in call.query:
        raise bad_request("The metricnamespace is required.")
    span = (call.query.get("starttime", ""), call.query.get("endtime", ""))
    values = []
    for number in numbers:
        one = _response(call, number, span, call.query)
        start, _, end = one.pop("timespan").partition("/")
        one.pop("cost", None)
        values.append({"starttime": start, "endtime": end, "resourceid": number, **one})
    return {"values": values}


def _response(call: Call, number: str, span: tuple[str, str], query: Mapping[str, str]) -> dict[str, Any]:
    found = call.ledger.rows("SELECT * FROM item WHERE resource_id = ?", [number.lower()])
    if not found:
        raise not_found(f"Resource {number}")
    item = found[0]
    interval = query.get("interval", "PT1H").upper()
    if interval not in {"P1D", "PT1H"}:
        raise not_implemented(f"metrics with interval {interval}")
    wanted = {one.strip().lower() for one in query.get("aggregation", "Average").split(",")}
    if unheard := wanted - {"average", "maximum", "count"}:
        raise not_implemented(f"metrics with aggregation {', '.join(sorted(unheard))}")
    value = [
        _metric(call, item, name.strip(), span, (interval, wanted))
        for name in query.get("metricnames", "").split(",")
        if name.strip()
    ]
    return {
        "cost": 0, "timespan": "/".join(span), "interval": interval, "namespace": _namespace(number), "resourceregion": item["region_id"],
        "value": value,
    }  # fmt: skip


def _namespace(number: str) -> str:
    provider, *rest = spelled(number.lower()).split("/providers/")[-1].split("/")
    return "/".join([provider, *rest[::2]])


def _metric(
    call: Call, item: Mapping[str, Any], name: str, span: tuple[str, str], how: tuple[str, set[str]]
) -> dict[str, Any]:
    known = {
        said.lower(): (metric, unit) for (kind, said), (metric, unit) in _NAMES.items() if kind == item["resource_type"]
    }
    if name.lower() not in known:
        raise bad_request(f"Failed to find metric configuration for provider: {item['native_type']}, metric: {name}.")
    metric, unit = known[name.lower()]
    first, last = (datetime.fromisoformat(text).replace(tzinfo=None) for text in span)
    rows = call.ledger.rows(
        "SELECT start AS day, average, maximum, p95, samples FROM metric WHERE resource_id = ? AND metric = ?"
        " AND start BETWEEN ? AND ? ORDER BY 1",
        [item["resource_id"], metric, first.replace(hour=0, minute=0), last],
    )
    data = [point for row in rows for point in _points(row, how, free=name == _FREE) if first <= point[0] < last]
    written = [{"timeStamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", **values} for at, values in data]
    number = f"{spelled(str(item['resource_id']))}/providers/Microsoft.Insights/metrics/{name}"
    return {
        "id": number, "type": "Microsoft.Insights/metrics", "name": {"value": name, "localizedValue": name}, "unit": unit,
        "displayDescription": name, "errorCode": "Success",
        "timeseries": [{"metadatavalues": [], "data": written}] if written else [],
    }  # fmt: skip


def _points(
    row: Mapping[str, Any], how: tuple[str, set[str]], *, free: bool
) -> list[tuple[datetime, dict[str, float]]]:
    interval, wanted = how
    day = row["day"]
    average, maximum, p95 = (float(row[name]) for name in ("average", "maximum", "p95"))
    if interval == "P1D":
        spread = [(day, average, maximum, float(row["samples"]))]
    else:
        rest = max(0.0, (24 * average - maximum - p95) / 22)
        values = [maximum if hour == 14 else p95 if hour == 15 else rest for hour in range(24)]
        spread = [(day + timedelta(hours=hour), value, value, row["samples"] / 24) for hour, value in enumerate(values)]
    if free:
        spread = [(at, 100 - mean, 100 - mean, count) for at, mean, _, count in spread]
    return [
        (
            at,
            {name: value for name, value in (("average", mean), ("maximum", most), ("count", count)) if name in wanted},
        )
        for at, mean, most, count in spread
    ]


OPERATIONS: Final = (
    Operation("monitor:Batch", "POST", "/subscriptions/{subscriptionId}/metrics:getBatch", batch, query=frozenset(
        {"starttime", "endtime", "interval", "metricnames", "metricnamespace", "aggregation"}
    )),
    Operation(
        "monitor:Metrics", "GET", "/{resourceUri}/providers/Microsoft.Insights/metrics", metrics, reply=models.Response,
        query=frozenset({"timespan", "interval", "metricnames", "metricnamespace", "aggregation"}),
    ),
)  # fmt: skip
