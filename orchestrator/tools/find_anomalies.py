"""Tool: what went wrong."""

from typing import Annotated

import anyio.to_thread
from pydantic import Field

from orchestrator.alerts.report import AnomalyAnswer
from orchestrator.alerts.watch import Wish
from orchestrator.deps import Deps
from orchestrator.periods import resolve_period
from orchestrator.state.anomaly import AnomalyStatus
from orchestrator.tools.arguments import Filters
from shared_models.errors import InvalidArgumentError


async def find_anomalies(
    deps: Deps,
    period: Annotated[str, Field(description="Days to report: 2026-10, FY27-P05 or START/END")],
    filters: Filters = None,
    limit: Annotated[int, Field(ge=1, le=20, description="Most to list")] = 3,
    anomaly_id: Annotated[str | None, Field(description="Only this one of the period")] = None,
    status: Annotated[AnomalyStatus | None, Field(description="Set it, with anomaly_id")] = None,
    note: Annotated[str, Field(max_length=500, description="Why")] = "",
    record: Annotated[bool, Field(description="With anomaly_id: write its incident record")] = False,
) -> AnomalyAnswer:
    """Anomalies, spikes, leaks and sudden falls: days that the past does not explain, rolled up to the highest part of
    the estate that explains them, with impact, severity, likely cause and resources. Weekdays, month starts and moves
    between parts do not alert. Keeps local state: what is set to `expected` stays quiet at that size.
    """
    if anomaly_id is None and (status is not None or record):
        raise InvalidArgumentError(
            "anomaly_id", "A status or a record needs the anomaly's id.", hint="List them first."
        )
    wish = Wish(
        period=resolve_period(deps.calendar, None, None, period),
        filters=tuple(filters or ()),
        limit=limit,
        anomaly_id=anomaly_id,
        status=status,
        note=note,
        with_record=record,
    )
    expected = await deps.cost_providers()
    return await anyio.to_thread.run_sync(lambda: deps.anomalies(expected).find(wish, deps.clock()))
