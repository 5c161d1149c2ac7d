"""Cloud Monitoring over gRPC: time series of the ledger's usage, raw every five minutes or aligned to any period.

The ledger knows of each day its average, maximum and 95th percentile over 288 samples. `samples` lays out a day that has
exactly these (the busy hours hold the high values), so that a day's ALIGN_MEAN, ALIGN_MAX and ALIGN_PERCENTILE_95 are
the ledger's, and longer or shorter periods are computed from the same points.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from google.cloud import monitoring_v3 as api
from google.protobuf.timestamp_pb2 import Timestamp

from tests.clouds.gcp.asset import number_of
from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import invalid, unimplemented

METRICS: Final = {
    ("compute.googleapis.com/Instance", "cpu_utilization_percent"): ("compute.googleapis.com/instance/cpu/utilization", "gce_instance", 0.01, "10^2.%"),
    ("compute.googleapis.com/Instance", "memory_utilization_percent"): ("agent.googleapis.com/memory/percent_used", "gce_instance", 1, "%"),
    ("compute.googleapis.com/Instance", "network_bytes"): ("compute.googleapis.com/instance/network/sent_bytes_count", "gce_instance", 1, "By"),
    ("compute.googleapis.com/Disk", "disk_iops"): ("compute.googleapis.com/instance/disk/average_io_queue_depth", "gce_instance", 1, "1"),
    ("sqladmin.googleapis.com/Instance", "cpu_utilization_percent"): ("cloudsql.googleapis.com/database/cpu/utilization", "cloudsql_database", 0.01, "10^2.%"),
    ("sqladmin.googleapis.com/Instance", "connections"): ("cloudsql.googleapis.com/database/network/connections", "cloudsql_database", 1, "1"),
    ("spanner.googleapis.com/Instance", "cpu_utilization_percent"): ("spanner.googleapis.com/instance/cpu/utilization", "spanner_instance", 0.01, "10^2.%"),
    ("spanner.googleapis.com/Instance", "connections"): ("spanner.googleapis.com/instance/session_count", "spanner_instance", 1, "1"),
}  # fmt: skip
"""(asset type, the ledger's metric) -> Google's metric, monitored resource, factor and unit."""
SAMPLES: Final = 288
STEP: Final = timedelta(minutes=5)
_CONDITION: Final = re.compile(
    r'\s*(metric\.type|resource\.type|project|resource\.labels?\.[\w]+|metric\.labels?\.[\w]+)\s*=\s*"([^"]*)"\s*'
)
_ALIGNERS: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "ALIGN_MEAN": lambda values: math.fsum(values) / len(values),
    "ALIGN_MAX": max,
    "ALIGN_MIN": min,
    "ALIGN_SUM": math.fsum,
    "ALIGN_COUNT": len,
    **{
        f"ALIGN_PERCENTILE_{share:02}": lambda values, share=share: sorted(values)[
            math.ceil(share / 100 * len(values)) - 1
        ]
        for share in (5, 50, 95, 99)
    },
}


def samples(average: float, maximum: float, p95: float) -> list[float]:
    """A day of 288 values, oldest first, of which these are the statistics; the high ones are at midday."""
    high = SAMPLES - math.ceil(0.95 * SAMPLES)
    low = (average * SAMPLES - maximum - p95 * high) / (SAMPLES - 1 - high)
    values = [max(0.0, low)] * (SAMPLES - 1 - high) + [p95] * high + [maximum]
    middle = (SAMPLES - high) // 2
    return [*values[:middle], *values[SAMPLES - 1 - high :], *values[middle : SAMPLES - 1 - high]]


def list_time_series(call: Call) -> api.ListTimeSeriesResponse:
    """The series that a filter means, newest point first."""
    call.refuse("order_by", "secondary_aggregation")
    project = call.request.name.removeprefix("projects/")
    call.require("monitoring.timeSeries.list", f"projects/{project}")
    conditions = _conditions(call.request.filter)
    if "metric.type" not in conditions:
        raise invalid("Field filter had an invalid value: the filter must specify a single metric.type.")
    found = [one for one in _series(call, project) if _passes(conditions, one)]
    page, token = call.page([_filled(call, one) for one in found], default=100_000, most=100_000)
    filled = [
        one for one in page if one.points or call.request.view == api.ListTimeSeriesRequest.TimeSeriesView.HEADERS
    ]
    return api.ListTimeSeriesResponse(time_series=filled, next_page_token=token, unit=filled[0].unit if filled else "")


def _conditions(text: str) -> dict[str, str]:
    said = {}
    for condition in re.split(r"\s+AND\s+", text.strip()):
        found = _CONDITION.fullmatch(condition)
        if found is None:
            raise unimplemented(f"ListTimeSeries with the condition {condition}")
        said[found[1].replace(".label.", ".labels.")] = found[2]
    return said


def _series(call: Call, project: str) -> list[dict[str, Any]]:
    """The series of a project, each with its identity."""
    names = {value: one["id"] for one in call.ledger.projects for value in (one["id"], one["number"])}
    rows = call.ledger.rows(
        "SELECT DISTINCT i.resource_id, i.resource_name, i.native_type, i.availability_zone, i.region_id, m.metric"
        " FROM metric m JOIN item i USING (resource_id) WHERE i.sub_account_id = ? ORDER BY ALL",
        [names.get(project, project)],
    )
    return [
        {**row, "project": names[project], **dict(zip(("type", "monitored", "factor", "unit"), known, strict=True))}
        for row in rows
        if (known := METRICS.get((row["native_type"], row["metric"])))
    ]


def _labels(row: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The labels of the metric and of the monitored resource."""
    project, zone = row["project"], row["availability_zone"] or row["region_id"] or "global"
    if row["monitored"] == "gce_instance":
        named = "device_name" if row["metric"] == "disk_iops" else "instance_name"
        metric = {named: row["resource_name"]}
        if row["metric"] == "memory_utilization_percent":
            metric = {"state": "used"}
        return metric, {"project_id": project, "instance_id": number_of(row["resource_id"]), "zone": zone}
    if row["monitored"] == "cloudsql_database":
        return {}, {"project_id": project, "database_id": f"{project}:{row['resource_name']}", "region": zone}
    return {}, {"project_id": project, "instance_id": row["resource_name"], "location": zone}


def _passes(conditions: dict[str, str], row: dict[str, Any]) -> bool:
    metric, resource = _labels(row)
    held = {"metric.type": row["type"], "resource.type": row["monitored"], "project": row["project"]}
    held |= {f"metric.labels.{key}": value for key, value in metric.items()}
    held |= {f"resource.labels.{key}": value for key, value in resource.items()}
    return all(held.get(key) == value for key, value in conditions.items())


def _filled(call: Call, row: dict[str, Any]) -> api.TimeSeries:
    metric, resource = _labels(row)
    said = api.TimeSeries(
        metric={"type": row["type"], "labels": metric},
        resource={"type": row["monitored"], "labels": resource},
        metric_kind="GAUGE",
        value_type="DOUBLE",
        unit=row["unit"],
    )
    if call.request.view != api.ListTimeSeriesRequest.TimeSeriesView.HEADERS:
        said.points = [_point(*one) for one in _points(call, row)]
    return said


def _points(call: Call, row: dict[str, Any]) -> list[tuple[datetime, datetime, float]]:
    start, end = _interval(call)
    days = call.ledger.rows(
        'SELECT "start", average, maximum, p95 FROM metric WHERE resource_id = ? AND metric = ? ORDER BY "start"',
        [row["resource_id"], row["metric"]],
    )
    raw = [
        (day["start"].replace(tzinfo=UTC) + STEP * (number + 1), value * row["factor"])
        for day in days
        for number, value in enumerate(samples(day["average"], day["maximum"], day["p95"]))
    ]
    raw = [(moment, value) for moment, value in raw if start < moment <= end]
    aligner = call.request.aggregation.per_series_aligner.name
    if call.request.aggregation.cross_series_reducer:
        raise unimplemented(f"the reducer {call.request.aggregation.cross_series_reducer.name}")
    if aligner == "ALIGN_NONE":
        return [(moment, moment, value) for moment, value in reversed(raw)]
    if aligner not in _ALIGNERS:
        raise unimplemented(f"the aligner {aligner}")
    period = call.request.aggregation.alignment_period
    if not period or period < timedelta(minutes=1):
        raise invalid("Field aggregation.alignmentPeriod had an invalid value: the period must be at least one minute.")
    return _aligned(raw, end, period, _ALIGNERS[aligner])


def _interval(call: Call) -> tuple[datetime, datetime]:
    end = call.request.interval.end_time
    if end is None:
        raise invalid("Field interval.endTime is required.")
    start = call.request.interval.start_time or end
    if start > end:
        raise invalid("Field interval had an invalid value: the start must be before the end.")
    return datetime.fromisoformat(start.isoformat()), datetime.fromisoformat(end.isoformat())


def _aligned(raw: list, end: datetime, period: timedelta, aligner: Callable) -> list[tuple[datetime, datetime, float]]:
    """Windows of one period, counted back from the end of the interval; empty ones give no point."""
    windows: dict[int, list[float]] = {}
    for moment, value in raw:
        windows.setdefault((end - moment) // period, []).append(value)
    return [
        (end - period * number, end - period * number, float(aligner(values)))
        for number, values in sorted(windows.items())
    ]


def _point(start: datetime, end: datetime, value: float) -> api.Point:
    first, last = Timestamp(), Timestamp()
    first.FromDatetime(start)
    last.FromDatetime(end)
    return api.Point(
        interval=api.TimeInterval(start_time=first, end_time=last), value=api.TypedValue(double_value=value)
    )


OPERATIONS: Final = {"MetricService.ListTimeSeries": list_time_series}
