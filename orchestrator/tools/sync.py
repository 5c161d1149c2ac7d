"""Tool: bring the ledger up to date."""

from typing import Annotated

import anyio.to_thread
from mcp.server.mcpserver import Context
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.sync import Synced, due_datasets
from orchestrator.sync import sync as run_sync
from shared_models.base import WireModel
from shared_models.coverage import Coverage
from shared_models.dataset import DatasetName


class SyncAnswer(WireModel):
    """What a sync changed, by cloud, and what could not be fetched."""

    clouds: tuple[Synced, ...]
    generation: int
    coverage: Coverage


async def sync(
    deps: Deps,
    ctx: Context,
    providers: Annotated[list[str] | None, Field(description="Some clouds only, e.g. aws")] = None,
    datasets: Annotated[
        list[DatasetName] | None, Field(description="Datasets besides the bills; default: those that are due")
    ] = None,
) -> SyncAnswer:
    """Fetch bills and datasets from the cloud servers into the local ledger, verified. Changes nothing in any cloud.
    Unchanged parts are not read again; a cloud that fails is a labelled gap and the others go on.
    """
    names = [name for name in deps.federation.names if not providers or name in providers]
    wanted = list(datasets) if datasets is not None else await anyio.to_thread.run_sync(due_datasets, deps)
    result = await run_sync(deps, names, datasets=wanted, named=datasets is not None, tick=ctx.report_progress)
    snapshot = await anyio.to_thread.run_sync(deps.ledger.snapshot)
    return SyncAnswer(
        clouds=result.clouds,
        generation=snapshot.generation,
        coverage=Coverage(
            complete=not result.gaps, answered=tuple(cloud.provider for cloud in result.clouds), gaps=result.gaps
        ),
    )
