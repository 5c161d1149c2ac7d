"""What live AWS offers to read besides its tools: commitment coverage, cost drivers, tags and categories of costs."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError

from servers.aws.live import Live
from servers.aws.outlook.allocation import allocation
from servers.aws.outlook.coverage import coverage
from servers.aws.outlook.drivers import drivers
from servers.aws.outlook.payers import of_payers
from shared_models.errors import FinOpsError
from shared_models.period import ChargePeriod
from shared_models.untrusted import safe_text

SAID: Final = (
    " Resources that ask Cost Explorer (paid, kept): skyledger://aws/commitment-coverage/{month},"
    " skyledger://aws/cost-drivers/{from}/{to} (months), skyledger://aws/cost-allocation."
)
"""What the server's instructions say of them."""
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_JSON: Final = "application/json"


def add_aws_resources(app: MCPServer[Any], live: Live) -> None:
    """Register them."""

    @app.resource(
        "skyledger://aws/commitment-coverage/{month}",
        mime_type=_JSON,
        description="Coverage and utilization of commitments in a month (2026-10); costs $0.04 a payer",
    )
    async def commitment_coverage(month: str) -> str:  # pyright: ignore[reportUnusedFunction]
        period = _month(month)
        return await _read(live, "commitment coverage", lambda payer: coverage(live, payer, period))

    @app.resource(
        "skyledger://aws/cost-drivers/{baseline}/{comparison}",
        mime_type=_JSON,
        description="What moved NetAmortizedCost between two months (2026-09/2026-10); costs $0.01 a page",
    )
    async def cost_drivers(baseline: str, comparison: str) -> str:  # pyright: ignore[reportUnusedFunction]
        before, after = _month(baseline), _month(comparison)
        return await _read(live, "cost drivers", lambda payer: drivers(live, payer, before, after))

    @app.resource(
        "skyledger://aws/cost-allocation",
        mime_type=_JSON,
        description="Cost allocation tags and cost categories; costs $0.02 a payer",
    )
    async def cost_allocation() -> str:  # pyright: ignore[reportUnusedFunction]
        return await _read(live, "cost allocation", lambda payer: allocation(live, payer))


async def _read(live: Live, what: str, ask: Callable[[str], Awaitable[dict[str, Any]]]) -> str:
    """Every payer's part and the gaps as JSON; the reason where no payer told anything."""
    try:
        told, gaps, problem = await of_payers(live, what, ask)
    except FinOpsError as error:
        raise ResourceNotFoundError(f"{error.message} {error.hint}") from error
    if problem is not None and not told:
        raise ResourceNotFoundError(f"{problem.message} {problem.hint}")
    said = {"data": told, "gaps": [gap.model_dump(mode="json", exclude_none=True) for gap in gaps]}
    return json.dumps(_safe(said), ensure_ascii=False)


def _safe(said: Any) -> Any:
    """The same with every text made safe to show."""
    if isinstance(said, dict):
        return {safe_text(str(name)): _safe(value) for name, value in cast("dict[object, Any]", said).items()}
    if isinstance(said, list):
        return [_safe(one) for one in cast("list[Any]", said)]
    return safe_text(said) if isinstance(said, str) else said


def _month(text: str) -> ChargePeriod:
    if not _MONTH.fullmatch(text):
        raise ResourceNotFoundError(f"{text!r} is not a month; 2026-10 is one.")
    return ChargePeriod.parse(text)
