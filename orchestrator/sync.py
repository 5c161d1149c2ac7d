"""Sync: bring bills and datasets from the cloud servers into the ledger; one cloud's failure is a gap."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

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
from shared_models.dataset import DatasetName
from shared_models.errors import FinOpsError, JobCrashedError

SYNC: Final = "sync"
"""The kind of the jobs."""
BILLS: Final = "bills"
"""The argument of a job that fetches bills too, and its only value."""
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


@dataclass(frozen=True)
class Wanted:
    """What a sync fetches from each of its clouds; `named`: a dataset that a cloud does not offer is then a gap."""

    datasets: tuple[DatasetName, ...]
    bills: bool = True
    named: bool = False


async def start_sync(deps: Deps, providers: Sequence[str], wanted: Wanted) -> Job:
    """Start a sync as a job; a live one that fetches all of this already is joined, others of these clouds go first."""
    arguments = {
        "providers": list(providers),
        "datasets": [name.value for name in wanted.datasets],
        BILLS: [BILLS] if wanted.bills else [],
    }

    async def work(report: Tick) -> SyncResult:
        return await sync(deps, providers, wanted, tick=report)

    return await deps.jobs.start(SYNC, arguments, work, one_per="providers")


async def sync(deps: Deps, providers: Sequence[str], wanted: Wanted, *, tick: Tick) -> SyncResult:
    """Fetch what is wanted from these clouds, which are asked at the same time."""
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
            done[provider], missing = await _sync_cloud(deps, provider, wanted, step)
            gaps.extend(gap for gap in missing if wanted.named or gap.state is not SourceState.NOT_OFFERED)
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
    deps: Deps, provider: str, wanted: Wanted, step: Callable[[str], Awaitable[None]]
) -> tuple[Synced, tuple[Gap, ...]]:
    fetched = await fetch_parts(
        deps.federation,
        provider,
        await anyio.to_thread.run_sync(_known_sha256, deps),
        deps.ledger.home.staging,
        datasets=wanted.datasets,
        bills=wanted.bills,
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


def _gap(provider: str, error: FinOpsError) -> Gap:
    return Gap(source=provider, state=SourceState.ERROR, code=error.code, message=error.message, hint=error.hint)
