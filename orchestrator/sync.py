"""Sync: bring bills and datasets from the cloud servers into the ledger; one cloud's failure is a gap."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import anyio
import anyio.to_thread
import structlog
from pydantic import BaseModel

from orchestrator.deps import Deps
from orchestrator.federation.failure import UpstreamFailure
from orchestrator.federation.transfer import fetch_parts
from orchestrator.ledger.adopt import Adoption
from orchestrator.ledger.datasets import DatasetName
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.ledger.upkeep import sweep
from orchestrator.state.job import Job
from shared_models.base import WireModel
from shared_models.commitment import CommitmentPage
from shared_models.coverage import Coverage, Gap, SourceState
from shared_models.errors import FinOpsError, JobCrashedError
from shared_models.inventory import ResourcePage
from shared_models.organisation import SubAccountPage
from shared_models.recommendation import RecommendationPage

_log = structlog.get_logger("skyledger")
Tick = Callable[[float, float, str], Awaitable[None]]
_PAGE: Final = 50
_MOST_PAGES: Final = 5_000
_DATASETS: Final[dict[DatasetName, tuple[str, type[BaseModel]]]] = {
    DatasetName.ORGANISATION: ("list_accounts", SubAccountPage),
    DatasetName.COMMITMENTS: ("list_commitments", CommitmentPage),
    DatasetName.RECOMMENDATIONS: ("list_recommendations", RecommendationPage),
    DatasetName.INVENTORY: ("list_resources", ResourcePage),
}


class Synced(WireModel):
    """What one cloud's sync changed."""

    provider: str
    parts_added: int
    parts_unchanged: int
    rows: int
    datasets: dict[str, int]


class SyncResult(WireModel):
    """Per cloud what changed, and what could not be fetched."""

    clouds: tuple[Synced, ...]
    generation: int
    coverage: Coverage


async def start_sync(deps: Deps, providers: Sequence[str], datasets: Sequence[DatasetName]) -> Job:
    """Start a sync as a job; a live one that fetches all of this already is joined, others of these clouds go first."""
    wanted = {"providers": list(providers), "datasets": [name.value for name in datasets]}

    async def work(report: Tick) -> SyncResult:
        return await sync(deps, providers, datasets=datasets, tick=report)

    return await deps.jobs.start("sync", wanted, work, one_per="providers")


async def sync(deps: Deps, providers: Sequence[str], *, datasets: Sequence[DatasetName], tick: Tick) -> SyncResult:
    """Fetch the bills of these clouds, and the datasets that are named; clouds are asked at the same time."""
    done: dict[str, Synced] = {}
    gaps: list[Gap] = []
    steps = len(providers) * (1 + len(datasets))
    taken = 0

    async def step(said: str) -> None:
        nonlocal taken
        taken += 1
        await tick(taken, steps, said)

    async def one(provider: str) -> None:
        try:
            done[provider] = await _sync_cloud(deps, provider, datasets, gaps, step)
        except UpstreamFailure as failure:
            gaps.append(failure.gap)
        except FinOpsError as error:
            gaps.append(_gap(provider, error))
        except Exception as error:  # noqa: BLE001 - whatever one cloud's bulk data does to us, the others go on
            crash = JobCrashedError()
            _log.error("sync_failed", provider=provider, trace_id=crash.trace_id, exc_info=error)
            gaps.append(_gap(provider, crash))

    await tick(0, steps, f"asking {', '.join(providers)}")
    async with anyio.create_task_group() as tasks:
        for provider in providers:
            tasks.start_soon(one, provider)
    snapshot = await anyio.to_thread.run_sync(_settle, deps)
    clouds = tuple(done[name] for name in providers if name in done)
    answered = tuple(cloud.provider for cloud in clouds)
    return SyncResult(
        clouds=clouds,
        generation=snapshot.generation,
        coverage=Coverage(complete=not gaps, answered=answered, gaps=tuple(gaps)),
    )


def _settle(deps: Deps) -> Snapshot:
    """Forget what was replaced longer ago than the retention; the ledger as it is now."""
    sweep(deps.ledger.catalog, retention=timedelta(days=deps.settings.retention_days), now=deps.clock())
    return deps.ledger.snapshot()


async def _sync_cloud(
    deps: Deps, provider: str, datasets: Sequence[DatasetName], gaps: list[Gap], step: Callable[[str], Awaitable[None]]
) -> Synced:
    ledger = deps.ledger
    snapshot = await anyio.to_thread.run_sync(ledger.snapshot)
    known = [load.sha256 for load in snapshot.loads]
    deadline = deps.settings.sync_deadline_seconds
    parts, reports = await fetch_parts(deps.federation, provider, known, ledger.home.staging, deadline=deadline)
    now = deps.clock()
    adopted: Adoption = await anyio.to_thread.run_sync(
        lambda: ledger.adopt(parts, reports, now=now, reason=f"sync {provider}")
    )
    await step(f"{provider}: bills")
    counts: dict[str, int] = {}
    for name in datasets:
        try:
            counts[name.value] = await _sync_dataset(deps, provider, name)
        except UpstreamFailure as failure:
            gaps.append(failure.gap)
        await step(f"{provider}: {name.value}")
    return Synced(
        provider=provider,
        parts_added=adopted.added,
        parts_unchanged=adopted.unchanged,
        rows=sum(part.rows for part in parts),
        datasets=counts,
    )


async def _sync_dataset(deps: Deps, provider: str, name: DatasetName) -> int:
    tool, model = _DATASETS[name]
    items: list[BaseModel] = []
    cursor: str | None = None
    page: Any = None
    for _ in range(_MOST_PAGES):
        arguments = {"limit": _PAGE, **({"cursor": cursor} if cursor else {})}
        page = await deps.federation.ask_one(provider, tool, arguments, model, deadline=deps.settings.deadline_seconds)
        items += page.data
        cursor = page.pagination.next_cursor
        if cursor is None:
            break
    as_of = max((fresh.data_as_of for fresh in page.freshness if fresh.data_as_of), default=None)
    now = deps.clock()
    await anyio.to_thread.run_sync(lambda: deps.datasets.store(name, provider, items, data_as_of=as_of, now=now))
    return len(items)


def due_datasets(deps: Deps) -> list[DatasetName]:
    """The datasets that are older than their freshness tier allows, or missing for a cloud."""
    tiers = deps.settings.freshness
    hours = {
        DatasetName.INVENTORY: tiers.inventory_hours,
        DatasetName.RECOMMENDATIONS: tiers.recommendations_hours,
        DatasetName.COMMITMENTS: tiers.commitments_hours,
        DatasetName.ORGANISATION: tiers.organisation_hours,
    }
    fetched = {(found.name, found.provider): found.fetched_at for found in deps.datasets.current()}
    now = deps.clock()
    return [
        name
        for name, limit in hours.items()
        if any(
            (name, provider) not in fetched or now - fetched[name, provider] > timedelta(hours=limit)
            for provider in deps.federation.names
        )
    ]


async def sync_on_schedule(deps: Deps) -> None:
    """Sync again and again: the bills each time (unchanged parts cost nothing), datasets when their tier is due."""
    while True:
        await anyio.sleep(deps.settings.sync_every_minutes * 60)
        try:
            due = await anyio.to_thread.run_sync(due_datasets, deps)
            job = await start_sync(deps, deps.federation.names, due)
        except FinOpsError as error:
            _log.warning("scheduled_sync_failed", code=error.code, message=error.message)
        else:
            _log.info("scheduled_sync", job_id=job.job_id)


def _gap(provider: str, error: FinOpsError) -> Gap:
    return Gap(source=provider, state=SourceState.ERROR, code=error.code, message=error.message, hint=error.hint)
