"""Measured use from Cloud Monitoring: days of a metric with average, maximum, 95th percentile and number of samples.

One request answers one statistic of one metric for every resource of a project, so a project with a thousand machines
costs as many requests as one with a single machine. Disks are not among what is measured: their metrics belong to the
machine and name a device, not a disk.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Final

from servers.gcp.everywhere import ask_everywhere
from servers.gcp.inventory.everything import everything
from servers.gcp.live import Live
from servers.gcp.protos import message_of
from servers.kit.live.inventory.refusals import Place
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.ports import Pages
from shared_models.inventory import Resource
from shared_models.usage import UsageFact

FRESH_FOR: Final = timedelta(hours=6)
DAYS: Final = 14
_DAY: Final = timedelta(days=1)
_STATISTICS: Final = {
    "samples": "ALIGN_COUNT",
    "average": "ALIGN_MEAN",
    "maximum": "ALIGN_MAX",
    "p95": "ALIGN_PERCENTILE_95",
}
_MOST: Final = 10_000
_VOCABULARY: Final = Path(__file__).parent / "vocabulary" / "metrics.csv"
_PLACES: Final = ("zone", "region", "location")


@dataclass(frozen=True)
class Metric:
    """One metric of one kind of resource; `label` of the monitored resource names it, `only` narrows the series."""

    metric: str
    unit: str
    type: str
    label: str
    factor: float
    only: str

    @property
    def filter(self) -> str:
        """As Cloud Monitoring takes it."""
        return f'metric.type = "{self.type}"' + (f" AND {self.only}" if self.only else "")


def usage(live: Live, inventory: Pages[Resource]) -> KeptItems[UsageFact]:
    """The usage port over the resources of the inventory: those asked for, or all whose use is measured."""

    async def read(asked: Mapping[str, object]) -> Found[UsageFact]:
        resources, unknown = await everything(inventory)
        wanted = asked.get("resource_id")
        measured = [one for one in resources if one.native_type in metrics()]
        meant = [one for one in measured if wanted is None or wanted in {one.resource_id, *one.aliases}]
        places: dict[tuple[str, Metric], list[Resource]] = defaultdict(list)
        for one in meant:
            for metric in metrics()[one.native_type]:
                places[one.sub_account_id, metric].append(one)
        until = live.clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        found, gaps = await ask_everywhere(
            (metric.type, Place(account=f"projects/{project}"), partial(_facts, live, project, metric, own, until))
            for (project, metric), own in sorted(places.items(), key=lambda item: (item[0][0], item[0][1].type))
        )
        ordered = sorted(found, key=lambda fact: (fact.resource_id, fact.metric, fact.start))
        return Found(tuple(ordered), (*gaps, *(unknown if wanted is None or not meant else ())))

    folder = live.folder / "live" / "usage"
    return KeptItems(UsageFact, read, folder, live.clock, fresh_for=FRESH_FOR, asks=("resource_id",))


@cache
def metrics() -> Mapping[str, tuple[Metric, ...]]:
    """Asset type -> what is measured of it."""
    known: dict[str, list[Metric]] = defaultdict(list)
    with _VOCABULARY.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            metric = Metric(row["metric"], row["unit"], row["type"], row["label"], float(row["factor"]), row["only"])
            known[row["native_type"]].append(metric)
    return {native_type: tuple(found) for native_type, found in known.items()}


def _facts(
    live: Live, project: str, metric: Metric, resources: Sequence[Resource], until: datetime
) -> Iterator[UsageFact]:
    """The days of one metric of a project's resources; blocking. Where nothing was measured no more is asked."""
    values: dict[tuple[str, datetime], dict[str, float]] = defaultdict(dict)
    for statistic, aligner in _STATISTICS.items():
        for resource, day, value in _points(live, project, metric, aligner, resources, until):
            # Of several series of one resource the busiest counts.
            held = values[resource, day]
            held[statistic] = max(value, held.get(statistic, value))
        if not values:
            return
    for (resource, day), found in values.items():
        yield UsageFact(
            resource_id=resource,
            metric=metric.metric,
            unit=metric.unit,
            start=day,
            end=day + _DAY,
            samples=round(found.pop("samples", 0)),
            **{name: value * metric.factor for name, value in found.items()},
        )


def _points(
    live: Live, project: str, metric: Metric, aligner: str, resources: Sequence[Resource], until: datetime
) -> Iterator[tuple[str, datetime, float]]:
    """(resource, start of the day, value) of every point of every series that is one of the resources."""
    request = {
        "name": f"projects/{project}",
        "filter": metric.filter,
        "interval": {"start_time": until - DAYS * _DAY, "end_time": until},
        "aggregation": {"alignment_period": _DAY, "per_series_aligner": aligner},
        "page_size": _MOST,
    }
    known = _by_name(resources)
    for said in live.items("monitoring", "list_time_series", request, "time_series", on=f"projects/{project}"):
        series = message_of(said)
        resource = _resource_of(dict(series.resource.labels), metric, known)
        if resource is None:
            continue
        for point in series.points:
            kind = point.value.WhichOneof("value")
            if kind in {"double_value", "int64_value"}:
                day = point.interval.end_time.ToDatetime(UTC) - _DAY
                yield resource, day, float(getattr(point.value, kind))


def _by_name(resources: Sequence[Resource]) -> Mapping[str, list[Resource]]:
    """The last part of each name of a resource -> the resources of that name, which may be in several places."""
    known: dict[str, list[Resource]] = defaultdict(list)
    for one in resources:
        for name in {name.rpartition("/")[2] for name in (one.resource_id, *one.aliases)}:
            known[name].append(one)
    return known


def _resource_of(labels: Mapping[str, str], metric: Metric, known: Mapping[str, list[Resource]]) -> str | None:
    """The resource that a series is of: by its name or number, and by its place where several have that name."""
    name = labels.get(metric.label, "").replace(":", "/").rpartition("/")[2]
    own = known.get(name, [])
    place = next((labels[key] for key in _PLACES if labels.get(key)), None)
    there = [one for one in own if place in {None, one.availability_zone, one.region_id}]
    return (there or own)[0].resource_id if len(there) == 1 or len(own) == 1 else None
