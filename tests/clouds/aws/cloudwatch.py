"""CloudWatch metrics of the sample's resources, in their own account and region, percentiles included.

The sample knows a day's average, maximum and 95th percentile. Shorter periods repeat the day's value, longer ones take
the mean (the largest for Maximum); other percentiles lie on the line between average, 95th percentile and maximum.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError

_MOST_QUERIES: Final = 500
_MOST_POINTS: Final = 100_800
_DAY: Final = 86_400
_SHORT_PERIODS: Final = ((timedelta(days=15), 300), (timedelta(days=63), 3600))
"""Older than this, data is kept in periods of so many seconds only."""
_KINDS: Final = {
    ("AWS::EC2::Instance", "cpu_utilization_percent"): ("AWS/EC2", "CPUUtilization", "InstanceId", "/"),
    ("AWS::EC2::Instance", "memory_utilization_percent"): ("CWAgent", "mem_used_percent", "InstanceId", "/"),
    ("AWS::EC2::Instance", "network_bytes"): ("AWS/EC2", "NetworkOut", "InstanceId", "/"),
    ("AWS::RDS::DBInstance", "cpu_utilization_percent"): ("AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", ":"),
    ("AWS::RDS::DBInstance", "connections"): ("AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", ":"),
    ("AWS::RDS::DBCluster", "cpu_utilization_percent"): ("AWS/RDS", "CPUUtilization", "DBClusterIdentifier", ":"),
    ("AWS::RDS::DBCluster", "connections"): ("AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", ":"),
    ("AWS::EC2::Volume", "disk_iops"): ("AWS/EBS", "VolumeReadOps", "VolumeId", "/"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "connections"): (
        "AWS/ApplicationELB", "ActiveConnectionCount", "LoadBalancer", ":loadbalancer/",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Series:
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    resource: str
    metric: str


def _series(call: Call) -> list[_Series]:
    """Every metric of the caller's account and region."""
    rows = call.ledger.rows(
        "SELECT DISTINCT m.resource_id, m.metric, i.native_type FROM metric m JOIN item i USING (resource_id)"
        " WHERE i.sub_account_id = ? AND i.region_id = ? ORDER BY m.resource_id, m.metric",
        [call.principal.account, call.region],
    )
    found: list[_Series] = []
    for row in rows:
        if kind := _KINDS.get((str(row["native_type"]), str(row["metric"]))):
            namespace, name, dimension, separator = kind
            value = str(row["resource_id"]).rpartition(separator)[2]
            found.append(_Series(namespace, name, ((dimension, value),), str(row["resource_id"]), str(row["metric"])))
    return found


def _list(call: Call) -> dict[str, Any]:
    params = call.params
    wanted = {d["Name"]: d.get("Value") for d in params.get("Dimensions", [])}
    found = [
        {
            "Namespace": series.namespace,
            "MetricName": series.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
        }
        for series in _series(call)
        if params.get("Namespace") in {None, series.namespace}
        and params.get("MetricName") in {None, series.name}
        and all(
            name in dict(series.dimensions) and value in {None, dict(series.dimensions)[name]}
            for name, value in wanted.items()
        )
    ]
    page, more = call.page(found, asked="", invalid="InvalidParameterValueException")
    return {"Metrics": page, **more}


def _data(call: Call) -> dict[str, Any]:
    params = call.params
    queries = params["MetricDataQueries"]
    if len(queries) > _MOST_QUERIES:
        raise AwsError(
            "ValidationError", f"The collection MetricDataQueries must not have a size greater than {_MOST_QUERIES}."
        )
    if len({query["Id"] for query in queries}) != len(queries):
        raise AwsError("ValidationError", "The values for parameter id in MetricDataQueries are not unique.")
    if params["StartTime"] >= params["EndTime"]:
        raise AwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    if any("Expression" in query for query in queries):
        raise AwsError("NotImplementedByFake", "metric math", 501)
    known = {(s.namespace, s.name, s.dimensions): s for s in _series(call)}
    newest_first = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    points: list[tuple[str, datetime | None, float]] = []
    for query in queries:
        own = sorted(_points(call, known, query["MetricStat"]), reverse=newest_first)
        points += [(query["Id"], at, value) for at, value in own] or [(query["Id"], None, 0.0)]
    size = min(params.get("MaxDatapoints", _MOST_POINTS), call.settings.get("cloudwatch_points", _MOST_POINTS))
    call.page_size = size
    page, more = call.page(points, asked="MaxDatapoints", invalid="InvalidNextToken")
    open_id = page[-1][0] if more and page else None
    return {"MetricDataResults": _results(queries, page, open_id), "Messages": [], **more}


def _results(
    queries: Sequence[Mapping[str, Any]], page: Sequence[tuple[str, datetime | None, float]], open_id: str | None
) -> list[dict[str, Any]]:
    """The page's points by query; the one that goes on in the next page is said to be partial."""
    results: list[dict[str, Any]] = []
    for query in queries:
        own = [(at, value) for identifier, at, value in page if identifier == query["Id"]]
        if not own:
            continue
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or query["MetricStat"]["Metric"]["MetricName"],
                "Timestamps": [at for at, _ in own if at],
                "Values": [value for at, value in own if at],
                "StatusCode": "PartialData" if query["Id"] == open_id else "Complete",
            }
        )
    return results


def _points(
    call: Call, known: Mapping[tuple[Any, ...], _Series], stat: Mapping[str, Any]
) -> Iterator[tuple[datetime, float]]:
    metric, period = stat["Metric"], stat["Period"]
    if period % 60 and period not in {1, 5, 10, 20, 30}:
        raise AwsError("ValidationError", "The parameter Period must be a multiple of 60.")
    dimensions = tuple((d["Name"], d["Value"]) for d in metric.get("Dimensions", ()))
    series = known.get((metric.get("Namespace"), metric.get("MetricName"), dimensions))
    if series is None:
        return
    start, end = call.params["StartTime"], min(call.params["EndTime"], call.now)
    days = call.ledger.rows(
        'SELECT * FROM metric WHERE resource_id = ? AND metric = ? AND "end" > ? AND "start" < ? ORDER BY "start"',
        [series.resource, series.metric, start.replace(tzinfo=None), end.replace(tzinfo=None)],
    )
    at = datetime.fromtimestamp(start.timestamp() // period * period, UTC)
    while at < end:
        until = at + timedelta(seconds=period)
        inside = [
            day for day in days if day["start"].replace(tzinfo=UTC) < until and day["end"].replace(tzinfo=UTC) > at
        ]
        if inside and _kept(call.now - at, period):
            yield at, _statistic(stat["Stat"], inside, period)
        at = until


def _kept(age: timedelta, period: int) -> bool:
    return all(age <= limit or period >= least for limit, least in _SHORT_PERIODS)


def _statistic(name: str, days: Sequence[Mapping[str, Any]], period: int) -> float:
    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values)

    if name == "Average":
        return mean([day["average"] for day in days])
    if name == "Maximum":
        return max(day["maximum"] for day in days)
    if name == "SampleCount":
        return float(sum(day["samples"] for day in days) * min(1, period / _DAY))
    if name == "Sum":
        per_second = days[0]["unit"] == "Count/Second"
        samples = mean([day["samples"] for day in days]) * period / _DAY
        return mean([day["average"] for day in days]) * (period if per_second else samples)
    if name.startswith("p") and name[1:].replace(".", "", 1).isdigit():
        return mean([_percentile(float(name[1:]), day) for day in days])
    raise AwsError("NotImplementedByFake", f"statistic {name}", 501)


def _percentile(rank: float, day: Mapping[str, Any]) -> float:
    average, p95, maximum = day["average"], day["p95"], day["maximum"]
    if rank <= 95:
        return average + (p95 - average) * max(0.0, rank - 50) / 45
    return p95 + (maximum - p95) * (rank - 95) / 5


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {"GetMetricData": _data, "ListMetrics": _list}
