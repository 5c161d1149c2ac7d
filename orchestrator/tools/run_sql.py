"""Tool: read-only SQL over the ledger, for what the typed tools cannot ask."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, cast

import anyio.to_thread
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.ledger.sandbox import run_sql as run
from orchestrator.tools.arguments import AsOf
from shared_models.base import WireModel
from shared_models.errors import DataNotReadyError
from shared_models.money import plain
from shared_models.period import instant_text, parse_instant
from shared_models.untrusted import safe_text


class SqlAnswer(WireModel):
    """The first rows; numbers with decimals and times are exact text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    truncated: bool
    snapshot: int


async def run_sql(
    deps: Deps,
    sql: Annotated[str, Field(description="One SELECT over cost_and_usage (FOCUS 1.4 columns, Tags['key'])")],
    limit: Annotated[int, Field(ge=1, le=500, description="Most rows")] = 50,
    as_of: AsOf = None,
) -> SqlAnswer:
    """Read-only SQL (DuckDB dialect) over cost_and_usage, the FOCUS 1.4 line items of record: one row per charge.
    Sum money per BillingCurrency only. Prefer finops_query_costs: it checks names and says what is missing.
    """
    booked_at = parse_instant(as_of) if as_of is not None else None

    def answer() -> SqlAnswer:
        snapshot = deps.ledger.snapshot(as_of=booked_at)
        if not snapshot.booked:
            raise DataNotReadyError("The ledger holds no costs.", hint="Run finops_sync first.")
        found = run(deps.ledger, snapshot, sql, limit)
        rows = tuple(tuple(_text(value) for value in row) for row in found.rows)
        return SqlAnswer(columns=found.columns, rows=rows, truncated=found.truncated, snapshot=snapshot.generation)

    return await anyio.to_thread.run_sync(answer)


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case Decimal():
            return plain(value)
        case datetime():
            return instant_text(value.replace(tzinfo=UTC) if value.tzinfo is None else value)
        case date():
            return value.isoformat()
        case dict():
            pairs = cast("dict[object, object]", value).items()
            return safe_text("; ".join(f"{key}={item}" for key, item in pairs))
        case _:
            return safe_text(str(value))
