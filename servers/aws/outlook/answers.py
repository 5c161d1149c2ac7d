"""One paid Cost Explorer operation, whole: every page from the purse, shared and kept like answers about costs."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from servers.aws.cost_explorer.pages import paid_pages, question_key
from servers.aws.live import Live
from servers.kit.live.threads import off_loop
from shared_models.errors import DataNotReadyError

_ABSENT = "null"


async def told(
    live: Live, payer: str, operation: str, arguments: Mapping[str, Any], member: str, fresh_for: timedelta
) -> list[Mapping[str, Any]] | None:
    """The pages as AWS tells them, numbers as text; null where it has no data for the question.

    Raises:
        PurseEmptyError: the day's limit is reached.
        FinOpsError: AWS refused or failed.

    """

    async def ask() -> str:
        return await off_loop(_whole, live, payer, operation, arguments, member)

    kept = await live.answers.get(question_key(payer, operation, arguments), fresh_for, ask)
    return json.loads(kept.body)


def _whole(live: Live, payer: str, operation: str, arguments: Mapping[str, Any], member: str) -> str:
    token = "NextPageToken" if operation not in _NEXT_TOKEN else "NextToken"
    try:
        found = [
            {name: value for name, value in page.items() if name not in {"ResponseMetadata", token}}
            for page in paid_pages(live, payer, operation, arguments, member, token=token)
        ]
    except DataNotReadyError:
        return _ABSENT
    return json.dumps(found, default=str)


_NEXT_TOKEN = frozenset(
    {
        "get_savings_plans_coverage",
        "get_savings_plans_utilization_details",
        "list_cost_allocation_tags",
        "list_cost_category_definitions",
    }
)
