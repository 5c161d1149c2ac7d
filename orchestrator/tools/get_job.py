"""Tool: how far long work is, what came out of it, and its cancellation."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.deps import Deps
from orchestrator.state.job import JobState
from shared_models.base import WireModel

Optional = SkipJsonSchema[None]


class JobAnswer(WireModel):
    """One job: its progress while it runs, its result or its error when it has ended."""

    job_id: str
    kind: str
    state: JobState
    done: float
    total: float
    said: str
    started_at: datetime
    seen_at: datetime
    result: dict[str, Any] | Optional = None
    error: dict[str, Any] | Optional = None


async def get_job(
    deps: Deps,
    job_id: Annotated[str, Field(description="job_id of finops_sync")],
    cancel: Annotated[bool, Field(description="End it; what was booked stays booked")] = False,
) -> JobAnswer:
    """A job's state (queued, running, done, failed, cancelled, lost), progress, and result or error. A lost job's
    process died: start it again.
    """
    job = await (deps.jobs.cancel(job_id) if cancel else deps.jobs.get(job_id))
    return JobAnswer.model_validate({name: getattr(job, name) for name in JobAnswer.model_fields})
