"""Tool: is a figure that somebody states the right one?"""

from typing import Annotated

import anyio.to_thread
from pydantic import Field

from orchestrator.claims.claim import Claim, ClaimAnswer
from orchestrator.claims.verify import verify
from orchestrator.deps import Deps
from orchestrator.periods import resolve_period
from orchestrator.proof.answered import of_claim
from orchestrator.tools.arguments import Filters, Spend
from shared_models.export import CostBasis


async def verify_claim(
    deps: Deps,
    amount: Annotated[str, Field(description="The figure as stated: 1234.56 or 1.2 million")],
    currency: Annotated[str, Field(description="Its currency, e.g. USD")],
    period: Annotated[str, Field(description="2026-10, 2026-Q3, FY27-P05 or START/END")],
    metric: Annotated[CostBasis, Field(description="The claimed cost metric")] = CostBasis.EFFECTIVE,
    filters: Filters = None,
    spend: Spend = None,
    tolerance: Annotated[
        str | None, Field(description="5 or 0.5%; default: half a unit of the last stated digit")
    ] = None,
    rates: Annotated[str | None, Field(description="Rate table, where all currencies were converted")] = None,
) -> ClaimAnswer:
    """Whether a stated figure is right: supported, not_supported, or cannot_say where data is missing. Shows the right
    figure and, if it differs, which other reading (metric, credits, tax, period, filter, cloud, currency) has it.
    """
    claim = Claim(
        amount=amount,
        currency=currency,
        period=resolve_period(deps.calendar, None, None, period),
        metric=metric,
        filters=tuple(filters or ()),
        spend=spend,
        tolerance=tolerance,
        rates=rates,
    )
    expected = await deps.cost_providers()

    def answer() -> ClaimAnswer:
        found = verify(deps.engine(), deps.calendar, claim, expected=expected)
        deps.keep(of_claim(claim, found))
        return found

    return await anyio.to_thread.run_sync(answer)
