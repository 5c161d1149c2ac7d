"""AWS's order of advisers, the best first, and what makes two of their proposals the same."""

from collections.abc import Iterable
from typing import Final

from servers.aws.bill_names import bare_id
from servers.aws.recommendations import advisor, hub, optimizer, purchases
from servers.kit.live import merge
from shared_models.recommendation import Recommendation

_BEST_FIRST: Final = (hub.ORIGIN, optimizer.ORIGIN, purchases.ORIGIN, advisor.ORIGIN)


def merged(proposals: Iterable[Recommendation]) -> tuple[Recommendation, ...]:
    """Each change once, the largest saving first; the other services that propose it, and what they say, are named."""
    return merge.merged(proposals, _BEST_FIRST, _bought, bare_id)


def _bought(one: Recommendation) -> tuple[str | None, ...]:
    plan = "SavingsPlans" in (one.resource_type or "")
    return one.sub_account_id, one.resource_type, one.region_id, None if plan else one.recommended
