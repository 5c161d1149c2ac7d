"""Tool: read-only SQL over the ledger, for what the typed tools cannot ask."""

from typing import Annotated

import anyio.to_thread
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.sql.answer import SqlAnswer
from orchestrator.sql.run import run_sql as run
from orchestrator.tools.arguments import AsOf
from shared_models.period import parse_instant


async def run_sql(
    deps: Deps,
    sql: Annotated[str, Field(description="One SELECT; cost_and_usage has FOCUS 1.4 columns, Tags['key']")],
    limit: Annotated[int, Field(ge=1, le=500, description="Most rows")] = 50,
    as_of: AsOf = None,
) -> SqlAnswer:
    """Read-only SQL (DuckDB dialect) over cost_and_usage, the charges of record line by line with their tags, and over
    invoice_detail, billing_period, contract_commitment, inventory, usage, prices, commitments, recommendations,
    organisation, conformance. Sum money per BillingCurrency only. Prefer finops_query_costs: it checks names and says
    what is missing.
    """
    booked_at = parse_instant(as_of) if as_of is not None else None
    snapshot = await anyio.to_thread.run_sync(lambda: deps.ledger.snapshot(as_of=booked_at))
    return await run(deps.sql_workers, deps.sql_limits, deps.ledger, snapshot, sql, limit)
