"""Measured use from CloudWatch: days of a metric with average, maximum, 95th percentile and how much was measured."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from servers.aws.inventory.walk import Clients
from servers.aws.paging import pages
from servers.aws.places import ask_everywhere
from servers.kit.live.inventory.refusals import Place
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.ports import Pages
from shared_models.coverage import Gap
from shared_models.errors import UpstreamUnavailableError
from shared_models.inventory import Resource
from shared_models.usage import UsageFact

FRESH_FOR: Final = timedelta(hours=6)
DAYS: Final = 14
_BATCH: Final = 500
_DAY: Final = 86_400
_AGENT: Final = "CWAgent"
_STATISTICS: Final = ("Average", "Maximum", "p95", "SampleCount")
_VOCABULARY: Final = Path(__file__).parent / "vocabulary" / "metrics.csv"


@dataclass(frozen=True)
class Metric:
    """One metric of one kind of resource; of one counted per second the day's sum is divided by its seconds."""

    metric: str
    unit: str
    namespace: str
    name: str
    dimension: str
    separator: str
    per_second: bool


@dataclass(frozen=True)
class _Series:
    resource_id: str
    metric: Metric
    dimensions: tuple[tuple[str, str], ...]


def usage(
    clients: Clients, inventory: Pages[Resource], folder: Path, clock: Callable[[], datetime], *, partition: str = "aws"
) -> KeptItems[UsageFact]:
    """The usage port over the resources of the inventory: those asked for, or all whose use is measured."""

    async def read(asked: Mapping[str, object]) -> Found[UsageFact]:
        resources, gaps = await _resources(inventory, asked.get("resource_id"))
        places: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for one in resources:
            if one.region_id is not None:
                places[one.sub_account_id, one.region_id].append(one)
        until = clock().replace(hour=0, minute=0, second=0, microsecond=0)
        found, refused = await ask_everywhere(
            (
                "cloudwatch",
                Place(account=account, region=region, partition=partition),
                partial(_facts, clients, account, region, own, until),
            )
            for (account, region), own in sorted(places.items())
        )
        ordered = sorted(found, key=lambda fact: (fact.resource_id, fact.metric, fact.start))
        return Found(tuple(ordered), (*gaps, *refused))

    return KeptItems(UsageFact, read, folder, clock, fresh_for=FRESH_FOR, asks=("resource_id",))


@cache
def metrics() -> Mapping[str, tuple[Metric, ...]]:
    """Native type -> what is measured of it."""
    known: dict[str, list[Metric]] = defaultdict(list)
    with _VOCABULARY.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            per_second = row["per_second"] == "yes"
            fields = (row[name] for name in ("metric", "unit", "namespace", "name", "dimension", "separator"))
            known[row["native_type"]].append(Metric(*fields, per_second=per_second))
    return {native_type: tuple(found) for native_type, found in known.items()}


async def _resources(inventory: Pages[Resource], wanted: object) -> tuple[list[Resource], tuple[Gap, ...]]:
    """The resources that are meant, by the bill's id or by another name of theirs."""
    found = await inventory.page({}, offset=0, limit=1_000)
    resources = list(found.items)
    while len(resources) < found.total and found.items:
        found = await inventory.page({}, offset=len(resources), limit=1_000)
        resources += found.items
    measured = [one for one in resources if one.native_type in metrics()]
    if wanted is None:
        return measured, found.gaps
    own = [one for one in measured if wanted in {one.resource_id, *one.aliases}]
    return own, () if own else found.gaps


def _facts(
    clients: Clients, account: str, region: str, resources: Sequence[Resource], until: datetime
) -> Iterator[UsageFact]:
    client = clients("cloudwatch", region, account)
    series = _series(client, resources)
    size = _BATCH // len(_STATISTICS)
    for start in range(0, len(series), size):
        yield from _batch(client, series[start : start + size], until)


def _series(client: Any, resources: Sequence[Resource]) -> list[_Series]:
    """What to ask for. The agent's metrics have dimensions of their owner's choice: those are looked up first."""
    found: list[_Series] = []
    agents: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {}
    for resource in resources:
        for metric in metrics()[resource.native_type]:
            value = resource.resource_id.rpartition(metric.separator)[2]
            dimensions: tuple[tuple[str, str], ...] | None = ((metric.dimension, value),)
            if metric.namespace == _AGENT:
                known = agents.get(metric.name) or agents.setdefault(metric.name, _agent_dimensions(client, metric))
                dimensions = known.get(value)
            if dimensions is not None:
                found.append(_Series(resource.resource_id, metric, dimensions))
    return found


def _agent_dimensions(client: Any, metric: Metric) -> dict[str, tuple[tuple[str, str], ...]]:
    known: dict[str, tuple[tuple[str, str], ...]] = {}
    asked = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": [{"Name": metric.dimension}]}
    for page in pages(client, "list_metrics", asked):
        for one in page["Metrics"]:
            dimensions = {each["Name"]: each["Value"] for each in one["Dimensions"]}
            known[dimensions[metric.dimension]] = tuple(dimensions.items())
    return known


def _batch(client: Any, series: Sequence[_Series], until: datetime) -> Iterator[UsageFact]:
    queries = [
        _query(number, one, statistic)
        for number, one in enumerate(series)
        for statistic in (("Sum", "SampleCount") if one.metric.per_second else _STATISTICS)
    ]
    values: dict[str, dict[datetime, float]] = defaultdict(dict)
    window = {"StartTime": until - timedelta(days=DAYS), "EndTime": until}
    for page in pages(client, "get_metric_data", {"MetricDataQueries": queries, **window}):
        for result in page["MetricDataResults"]:
            if result.get("StatusCode") in {"InternalError", "Forbidden"}:
                raise UpstreamUnavailableError(
                    f"CloudWatch answered {result['StatusCode']} for {result.get('Label')}.", hint="Repeat it later."
                )
            values[result["Id"]].update(zip(result["Timestamps"], result["Values"], strict=True))
    for number, one in enumerate(series):
        yield from _days(one, {name: values[f"q{number}_{name.lower()}"] for name in (*_STATISTICS, "Sum")})


def _query(number: int, series: _Series, statistic: str) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in series.dimensions]
    metric = {"Namespace": series.metric.namespace, "MetricName": series.metric.name, "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": _DAY, "Stat": statistic}
    return {"Id": f"q{number}_{statistic.lower()}", "MetricStat": stat, "ReturnData": True}


def _days(series: _Series, values: Mapping[str, Mapping[datetime, float]]) -> Iterator[UsageFact]:
    for start in sorted(values["SampleCount"]):
        total = values["Sum"].get(start)
        average = values["Average"].get(start) if total is None else total / _DAY
        yield UsageFact(
            resource_id=series.resource_id,
            metric=series.metric.metric,
            unit=series.metric.unit,
            start=start,
            end=start + timedelta(seconds=_DAY),
            average=average,
            maximum=values["Maximum"].get(start),
            p95=values["p95"].get(start),
            samples=round(values["SampleCount"][start]),
        )
