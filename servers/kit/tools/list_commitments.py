"""Tool: commitments of one cloud."""

from typing import Annotated

from pydantic import Field

from servers.kit.deps import Cursor, Deps, Limit, page_of
from shared_models.commitment import CommitmentPage
from shared_models.server_card import Port


async def list_commitments(
    deps: Deps,
    status: Annotated[str | None, Field(description="For example Active or Expired")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> CommitmentPage:
    """Reservations, savings plans and committed-use discounts of this cloud: term, payment, hourly commitment, scope,
    utilization.
    """
    conditions = {"status": status}
    items, pagination, coverage = await page_of(
        deps, deps.cloud.commitments, conditions, cursor, limit, "list_commitments"
    )
    return CommitmentPage(
        data=items, pagination=pagination, coverage=coverage, freshness=deps.cloud.freshness(Port.COMMITMENTS)
    )
