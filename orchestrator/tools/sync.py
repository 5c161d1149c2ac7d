"""Tool: bring the ledger up to date."""

from typing import Annotated

import anyio.to_thread
from mcp.server.mcpserver import Context
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.deps import Deps
from orchestrator.schedule import due_datasets
from orchestrator.state.job import Job, JobState
from orchestrator.sync import Synced, SyncResult, Wanted, start_sync
from orchestrator.tools.live import providers_of
from serving.heartbeat import heartbeat
from shared_models.base import WireModel
from shared_models.coverage import Coverage
from shared_models.dataset import DatasetName
from shared_models.errors import JobFailedError

Optional = SkipJsonSchema[None]


class SyncAnswer(WireModel):
    """What a sync changed, by cloud, and what could not be fetched; or how far it is."""

    job_id: str
    state: JobState
    done: float | Optional = None
    total: float | Optional = None
    said: str | Optional = None
    clouds: tuple[Synced, ...] = ()
    generation: int | Optional = None
    coverage: Coverage | Optional = None


async def sync(
    deps: Deps,
    ctx: Context,
    providers: Annotated[list[str] | None, Field(description="Some clouds only, e.g. aws")] = None,
    datasets: Annotated[
        list[DatasetName] | None, Field(description="Datasets besides the bills; default: those that are due")
    ] = None,
    wait_seconds: Annotated[float, Field(ge=0, le=900, description="Then answer with a job_id")] = 20,
) -> SyncAnswer:
    """Fetch bills and datasets from the cloud servers into the local ledger, verified. Changes nothing in any cloud.
    Unchanged parts are not read again; a cloud that fails is a labelled gap and the others go on. State `running`:
    it goes on, follow it with finops_get_job.
    """
    names = providers_of(deps, providers)
    named = datasets is not None
    wanted = tuple(datasets) if named else await anyio.to_thread.run_sync(due_datasets, deps, names)
    job = await start_sync(deps, names, Wanted(wanted, named=named))
    async with heartbeat(ctx, every=deps.settings.heartbeat_seconds, said="sync") as report:
        return _answer(await deps.jobs.wait(job.job_id, wait_seconds, report))


def _answer(job: Job) -> SyncAnswer:
    if not job.state.ended:
        return SyncAnswer(job_id=job.job_id, state=job.state, done=job.done, total=job.total, said=job.said)
    if job.result is None:
        raise JobFailedError(job.job_id, job.error or {"message": "The sync was cancelled."})
    result = SyncResult.model_validate(job.result)
    return SyncAnswer(
        job_id=job.job_id,
        state=job.state,
        clouds=result.clouds,
        generation=result.generation,
        coverage=result.coverage,
    )
