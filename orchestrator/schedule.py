"""The schedule: what is older than its freshness tier is fetched again, cloud by cloud, and nothing else."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import anyio
import anyio.to_thread

from orchestrator.deps import Deps
from orchestrator.state.job import Job, Jobs
from orchestrator.sync import BILLS, SYNC, SyncResult, Wanted, start_sync
from serving.logs import structured
from shared_models.dataset import FOCUS_DATASETS, DatasetName
from shared_models.errors import FinOpsError

_WITH_BILLS: Final = (*FOCUS_DATASETS, DatasetName.CONFORMANCE)
"""Datasets that change when the bills do."""
Fetched = dict[tuple[str, str], datetime]
"""(provider, dataset or bills) -> when it was last there for the asking."""


@dataclass(frozen=True)
class Ages:
    """When everything was fetched last, and how old it may be."""

    fetched: Fetched
    hours: dict[str, float]
    now: datetime

    def due(self, provider: str) -> Wanted:
        """What of a cloud is older than its tier allows, or was never fetched."""
        bills = self._is_due(provider, BILLS)
        datasets = [name for name in DatasetName if name in self.hours and self._is_due(provider, name)]
        return Wanted((*datasets, *(_WITH_BILLS if bills else ())), bills=bills)

    def _is_due(self, provider: str, name: str) -> bool:
        last = self.fetched.get((provider, name))
        return last is None or self.now - last >= timedelta(hours=self.hours[name])


def ages(deps: Deps) -> Ages:
    """Everything's age now, by what the ledger holds and what former syncs were told; blocking."""
    tiers = deps.settings.freshness
    hours: dict[str, float] = {
        BILLS: tiers.costs_hours,
        DatasetName.INVENTORY: tiers.inventory_hours,
        DatasetName.RECOMMENDATIONS: tiers.recommendations_hours,
        DatasetName.COMMITMENTS: tiers.commitments_hours,
        DatasetName.ORGANISATION: tiers.organisation_hours,
        DatasetName.PRICES: tiers.prices_hours,
        DatasetName.USAGE: tiers.usage_hours,
    }
    held = {load.provider for load in deps.ledger.snapshot().loads}
    fetched: Fetched = {}
    for job in Jobs(deps.state).done(SYNC):
        for provider, name in _told(job):
            if name != BILLS or provider in held:
                fetched[provider, name] = max(job.started_at, fetched.get((provider, name), job.started_at))
    for found in deps.datasets.current():
        place = (found.provider, found.name.value)
        fetched[place] = max(found.fetched_at, fetched.get(place, found.fetched_at))
    return Ages(fetched, hours, deps.clock())


def due_datasets(deps: Deps, providers: Sequence[str]) -> tuple[DatasetName, ...]:
    """The datasets that are due for any of these clouds, and those that come with their bills; blocking."""
    found = ages(deps)
    due = {name for provider in providers for name in found.due(provider).datasets}
    return tuple(name for name in DatasetName if name in due or name in _WITH_BILLS)


async def sync_what_is_due(deps: Deps) -> tuple[Job, ...]:
    """Start a sync of each cloud of which something is due; a cloud that is slow or down delays no other."""
    found = await anyio.to_thread.run_sync(ages, deps)
    wanted = {provider: found.due(provider) for provider in deps.federation.names}
    return tuple(
        [await start_sync(deps, [name], due) for name, due in wanted.items() if due.bills or due.datasets],
    )


async def sync_on_schedule(deps: Deps, wait: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
    """Sync what is due, at once and then again and again."""
    while True:
        try:
            jobs = await sync_what_is_due(deps)
        except FinOpsError as error:
            structured().warning("scheduled_sync_failed", code=error.code, message=error.message)
        else:
            structured().info("scheduled_sync", job_ids=[job.job_id for job in jobs])
        await wait(deps.settings.sync_every_minutes * 60)


def _told(job: Job) -> Iterator[tuple[str, str]]:
    """What a sync was answered: bills, and datasets that a cloud does not have. The ledger knows the age of the others.

    What a cloud failed to say it is asked again.
    """
    result = SyncResult.model_validate(job.result)
    failed = {gap.source for gap in result.coverage.gaps}
    for cloud in result.clouds:
        if cloud.provider not in failed:
            asked = (*job.arguments.get("datasets", ()), *job.arguments.get(BILLS, ()))
            yield from ((cloud.provider, name) for name in asked if name not in cloud.datasets)
