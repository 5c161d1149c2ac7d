"""The inventory of many accounts and regions: every kind in every place once, under one limit, nothing hidden."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import anyio
import anyio.to_thread

from servers.aws.inventory.refusals import told
from servers.aws.inventory.table import TypeRow
from servers.aws.inventory.walk import Clients, Walk
from servers.aws.paging import pages
from servers.kit.live.everywhere import WORKERS
from servers.kit.live.inventory.refusals import Place, Refusal
from servers.kit.live.inventory.snapshot import Sink

_HOMES: Final = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
}


@dataclass(frozen=True)
class Scope:
    """Whose resources, and where: `regions` null means those of `places`, or every one that an account has enabled.

    `places` names the regions that are worth asking for each account of which that is known, none for some.
    """

    accounts: tuple[str, ...]
    regions: tuple[str, ...] | None = None
    partition: str = "aws"
    places: tuple[tuple[str, tuple[str, ...]], ...] | None = None

    @property
    def home(self) -> str:
        """The region of what has no region."""
        return _HOMES.get(self.partition, self.regions[0] if self.regions else "us-east-1")


async def scan(
    rows: Sequence[TypeRow], scope: Scope, clients: Clients, sink: Sink, *, workers: int = WORKERS
) -> tuple[Refusal, ...]:
    """Walk every kind in every place into the sink; what comes back is everything that stayed unknown."""
    refusals: list[Refusal] = []
    places = dict(scope.places or ())
    limiter = anyio.CapacityLimiter(workers)
    stop = threading.Event()

    async def regions_of(account: str) -> tuple[str, ...]:
        if scope.regions is not None:
            return scope.regions
        if account in places:
            return places[account]
        return await anyio.to_thread.run_sync(
            _enabled_regions, account, scope.home, clients, refusals.append, limiter=limiter
        )

    async def work(jobs: Iterator[tuple[TypeRow, Place]]) -> None:
        for row, place in jobs:
            walk = Walk(row, place, clients, refusals.append)
            await anyio.to_thread.run_sync(_drain, walk, sink, stop, limiter=limiter)

    try:
        for account in scope.accounts:
            jobs = _jobs(rows, scope, account, await regions_of(account))
            async with anyio.create_task_group() as group:
                for _ in range(workers):
                    group.start_soon(work, jobs)
    finally:
        stop.set()
    return tuple(refusals)


def _jobs(
    rows: Sequence[TypeRow], scope: Scope, account: str, regions: Sequence[str]
) -> Iterator[tuple[TypeRow, Place]]:
    """Every kind in every region that has its service; what has no region once, at its home."""
    for row in rows:
        if row.scope == "global":
            yield row, Place(account=account, region=row.home or scope.home, partition=scope.partition)
    for region in regions:
        for row in rows:
            if row.scope == "regional" and _is_offered(row.service, region, scope.partition):
                yield row, Place(account=account, region=region, partition=scope.partition)


def _drain(walk: Walk, sink: Sink, stop: threading.Event) -> None:
    for resources in walk.resources():
        if stop.is_set():
            return
        sink.write(resources)


def _enabled_regions(account: str, home: str, clients: Clients, refuse: Callable[[Refusal], None]) -> tuple[str, ...]:
    """The regions that the account has enabled; where it does not say, its home alone and a refusal."""
    try:
        client = clients("ec2", home, account)
        found = [region["RegionName"] for page in pages(client, "describe_regions", {}) for region in page["Regions"]]
    except Exception as error:  # noqa: BLE001 - one account that refuses must not end the others
        place, call = Place(account=account, region=home), "ec2:DescribeRegions"
        refuse(Refusal.of(told(error, call, place), "every type outside of the home region", place, call))
        return (home,)
    return tuple(sorted(found))


def _is_offered(service: str, region: str, partition: str) -> bool:
    """Whether the SDK's list of endpoints has the service in the region, or does not know where the service is."""
    known = _offered(service, partition)
    return not known or region in known


@cache
def _offered(service: str, partition: str) -> frozenset[str]:
    return frozenset(_sdk().get_available_regions(service, partition_name=partition))


@cache
def _sdk() -> Any:
    # Loaded with the first scan, and typed as anything: the SDK has no stubs.
    from botocore.session import Session  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    return Session()
