"""Tool: costs of one cloud."""

from typing import Annotated

from pydantic import Field

from servers.kit.deps import Cursor, Deps, Limit, answered, pagination
from shared_models.export import CostBasis
from shared_models.page import decode_cursor, question_digest
from shared_models.period import ChargePeriod, parse_instant
from shared_models.query import CostFilter, CostQuery, CostReport, CostSource, Granularity, check_filter
from shared_models.server_card import Port


async def query_costs(
    deps: Deps,
    start: Annotated[str, Field(description="First day, YYYY-MM-DD (UTC)")],
    end: Annotated[str, Field(description="Day after the last, YYYY-MM-DD")],
    metric: Annotated[CostBasis, Field(description="BilledCost for invoices")] = CostBasis.EFFECTIVE,
    group_by: Annotated[list[str] | None, Field(description="FOCUS columns or tags.<key>")] = None,
    filters: Annotated[list[CostFilter] | None, Field(description="Joined by AND")] = None,
    granularity: Annotated[Granularity, Field(description="Length of a bucket")] = Granularity.TOTAL,
    source: Annotated[CostSource, Field(description="api: the cloud's own figures, which may cost")] = CostSource.AUTO,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> CostReport:
    """Costs of this cloud alone, from its own bill: lines by group in descending amount, one total per currency. Over
    clouds, for comparisons or business dimensions use finops_query_costs instead.
    """
    for condition in filters or ():
        check_filter(condition)
    query = CostQuery(
        period=ChargePeriod(start=parse_instant(start), end=parse_instant(end)),
        metric=metric,
        group_by=tuple(group_by or ()),
        filters=tuple(filters or ()),
        granularity=granularity,
        source=source,
    )
    digest = question_digest(deps.cloud.name, "query_costs", query.model_dump(mode="json"))
    offset, _ = decode_cursor(cursor, digest=digest)
    found = await deps.cloud.costs.query(query, offset=offset, limit=limit)
    return CostReport(
        metric=metric,
        period=query.period,
        group_by=query.group_by,
        totals=found.totals,
        data=found.lines,
        pagination=pagination(offset, limit, found.total, digest),
        coverage=answered(deps, found.gaps),
        freshness=found.freshness or deps.cloud.freshness(Port.COSTS),
        notes=found.notes,
    )
