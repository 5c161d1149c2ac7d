"""Every tool of the orchestrator, one line each, with the toolset that it belongs to."""

from collections.abc import Sequence
from typing import Final

from orchestrator.tools.describe_estate import describe_estate
from orchestrator.tools.explain_change import explain_change
from orchestrator.tools.find_anomalies import find_anomalies
from orchestrator.tools.forecast_costs import forecast_costs
from orchestrator.tools.get_job import get_job
from orchestrator.tools.list_recommendations import list_recommendations
from orchestrator.tools.list_resources import list_resources
from orchestrator.tools.query_costs import query_costs
from orchestrator.tools.reconcile_invoice import reconcile_invoice
from orchestrator.tools.replay_answer import replay_answer
from orchestrator.tools.run_sql import run_sql
from orchestrator.tools.sync import sync
from orchestrator.tools.verify_claim import verify_claim
from serving.tool import ToolSpec
from shared_models.errors import InvalidArgumentError

TOOLSETS: Final = ("cost", "optimize", "plan", "place", "govern")
DEFAULT_TOOLSETS: Final = ("cost", "optimize", "govern")

TOOLS: Final = (
    ToolSpec(describe_estate, "What is known and what is missing", toolset="cost", open_world=True),
    ToolSpec(query_costs, "What did we spend", toolset="cost"),
    ToolSpec(explain_change, "Why did it move", toolset="cost"),
    ToolSpec(forecast_costs, "What will it be", toolset="cost"),
    ToolSpec(find_anomalies, "What went wrong", toolset="cost", read_only=False),
    ToolSpec(list_resources, "What runs", toolset="optimize", open_world=True),
    ToolSpec(list_recommendations, "What the clouds propose", toolset="optimize", open_world=True),
    ToolSpec(run_sql, "Read-only SQL over the bill", toolset="cost"),
    ToolSpec(sync, "Bring the ledger up to date", toolset="cost", read_only=False, open_world=True),
    ToolSpec(get_job, "How far long work is", toolset="cost", read_only=False),
    ToolSpec(verify_claim, "Is a stated figure right", toolset="govern"),
    ToolSpec(reconcile_invoice, "Does the invoice match the bill", toolset="govern"),
    ToolSpec(replay_answer, "Replay or pin an earlier figure", toolset="govern", read_only=False),
)


def tools_of(toolsets: Sequence[str]) -> tuple[ToolSpec, ...]:
    """The tools of these toolsets, in registry order.

    Raises:
        InvalidArgumentError: a toolset that does not exist.

    """
    for name in toolsets:
        if name not in TOOLSETS:
            raise InvalidArgumentError(
                "--toolsets", f"There is no toolset {name!r}.", hint=f"Toolsets: {', '.join(TOOLSETS)}."
            )
    found = tuple(spec for spec in TOOLS if spec.toolset in toolsets)
    if not found:
        raise InvalidArgumentError(
            "--toolsets", "These toolsets hold no tool yet.", hint=f"The default is {', '.join(DEFAULT_TOOLSETS)}."
        )
    return found
