"""Tool: the same figure again, from its query id."""

from typing import Annotated

import anyio.to_thread
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.proof.replay import Replayed


async def replay_answer(
    deps: Deps,
    query_id: Annotated[str, Field(description="evidence.query_id of an earlier answer, or the name of its pin")],
    pin_as: Annotated[
        str | None, Field(min_length=1, max_length=80, description="Keep its data under this name, e.g. 2026-10 close")
    ] = None,
) -> Replayed:
    """Recompute an earlier answer. A pinned one comes from the data it was made of and must be identical; any other one
    from the data of now, with the partitions that changed since and the difference per currency.
    """

    def answer() -> Replayed:
        replay = deps.replay()
        if pin_as is not None:
            replay.pin(query_id, pin_as, deps.clock())
        return replay.replay(query_id)

    return await anyio.to_thread.run_sync(answer)
