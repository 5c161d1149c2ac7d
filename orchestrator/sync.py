"""Sync: bring bills and datasets from the cloud servers into the ledger; one cloud's failure is a gap."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import anyio
import anyio.to_thread

from orchestrator.deps import Deps
from orchestrator.federation.failure import UpstreamFailure
from orchestrator.federation.transfer import Fetched, fetch_parts
from orchestrator.ledger.adopt import Adoption
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.ledger.upkeep import sweep
from orchestrator.state.job import Job
from serving.logs import structured
from shared_models.base import WireModel
from shared_models.coverage import Coverage, Gap, SourceState
from shared_models.dataset import FOCUS_DATASETS, DatasetName
from shared_models.errors import FinOpsError, JobCrashedError

Tick = Callable[[float, float, str], Awaitable[None]]


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


async def start_sync(
    deps: Deps, providers: Sequence[str], datasets: Sequence[DatasetName], *, named: bool = False
) -> Job:
    """Start a sync as a job; a live one that fetches all of this already is joined, others of these clouds go first."""
    wanted = {"providers": list(providers), "datasets": [name.value for name in datasets]}

    async def work(report: Tick) -> SyncResult:
        return await sync(deps, providers, datasets=datasets, named=named, tick=report)

    return await deps.jobs.start("sync", wanted, work, one_per="providers")


async def sync(
    deps: Deps, providers: Sequence[str], *, datasets: Sequence[DatasetName], named: bool, tick: Tick
) -> SyncResult:
    """Fetch the bills of these clouds and these datasets; clouds are asked at the same time.

    A dataset that a cloud does not offer is a gap only where it was asked for by name.
    """
    done: dict[str, Synced] = {}
    gaps: list[Gap] = []
    steps = 2 * len(providers)
    taken = 0

    async def step(said: str) -> None:
        nonlocal taken
        taken += 1
        await tick(taken, steps, said)

    async def one(provider: str) -> None:
        try:
            done[provider], missing = await _sync_cloud(deps, provider, datasets, step)
            gaps.extend(gap for gap in missing if named or gap.state is not SourceState.NOT_OFFERED)
        except UpstreamFailure as failure:
            gaps.append(failure.gap)
        except FinOpsError as error:
            gaps.append(_gap(provider, error))
        except Exception as error:  # noqa: BLE001 - whatever one cloud's bulk data does to us, the others go on
            crash = JobCrashedError()
            structured().error("sync_failed", provider=provider, trace_id=crash.trace_id, exc_info=error)
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
    deps: Deps, provider: str, datasets: Sequence[DatasetName], step: Callable[[str], Awaitable[None]]
) -> tuple[Synced, tuple[Gap, ...]]:
    fetched = await fetch_parts(
        deps.federation,
        provider,
        await anyio.to_thread.run_sync(_known_sha256, deps),
        deps.ledger.home.staging,
        datasets=datasets,
        deadline=deps.settings.sync_deadline_seconds,
    )
    await step(f"{provider}: fetched")
    adopted = await anyio.to_thread.run_sync(_adopt, deps, provider, fetched)
    await step(f"{provider}: booked")
    counts: dict[str, int] = {}
    for part in fetched.datasets:
        counts[part.name.value] = counts.get(part.name.value, 0) + part.rows
    synced = Synced(
        provider=provider,
        parts_added=adopted.added,
        parts_unchanged=adopted.unchanged,
        rows=sum(part.rows for part in fetched.parts),
        datasets=counts,
    )
    return synced, fetched.gaps


def _known_sha256(deps: Deps) -> list[str]:
    return [*(load.sha256 for load in deps.ledger.snapshot().loads), *deps.datasets.known_sha256()]


def _adopt(deps: Deps, provider: str, fetched: Fetched) -> Adoption:
    """Everything is verified before anything counts: the datasets first, for they are small."""
    now, reason = deps.clock(), f"sync {provider}"
    of_bills = [report for report in fetched.reports if report.dataset is None]
    of_datasets = [report for report in fetched.reports if report.dataset is not None]

    def beside(connection: sqlite3.Connection) -> int:
        named = f"{reason} datasets"
        return deps.datasets.book_within(connection, fetched.datasets, of_datasets, now=now, reason=named)

    with deps.ledger.home.writing():
        deps.datasets.receive(fetched.datasets)
        return deps.ledger.adopt(fetched.parts, of_bills, now=now, reason=reason, beside=beside)


def due_datasets(deps: Deps) -> list[DatasetName]:
    """The datasets that are older than their freshness tier allows, or missing for a cloud."""
    tiers = deps.settings.freshness
    hours = {
        DatasetName.INVENTORY: tiers.inventory_hours,
        DatasetName.RECOMMENDATIONS: tiers.recommendations_hours,
        DatasetName.COMMITMENTS: tiers.commitments_hours,
        DatasetName.ORGANISATION: tiers.organisation_hours,
        DatasetName.PRICES: tiers.prices_hours,
        DatasetName.USAGE: tiers.usage_hours,
        **dict.fromkeys((*FOCUS_DATASETS, DatasetName.CONFORMANCE), 0.0),  # they come with the bills
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
            structured().warning("scheduled_sync_failed", code=error.code, message=error.message)
        else:
            structured().info("scheduled_sync", job_id=job.job_id)


def _gap(provider: str, error: FinOpsError) -> Gap:
    return Gap(source=provider, state=SourceState.ERROR, code=error.code, message=error.message, hint=error.hint)
