"""One proposal for one change: what several services propose for the same resource is kept once, from the best one."""

from collections.abc import Iterable
from typing import Final

from servers.aws.bill_names import bare_id
from servers.aws.recommendations import advisor, hub, optimizer, purchases
from shared_models.recommendation import Action, Recommendation

_RANK: Final = {
    origin: rank for rank, origin in enumerate((hub.ORIGIN, optimizer.ORIGIN, purchases.ORIGIN, advisor.ORIGIN))
}


def merged(proposals: Iterable[Recommendation]) -> tuple[Recommendation, ...]:
    """Each change once, the largest saving first; the other services that propose it, and what they say, are named."""
    kept: dict[tuple[str | None, ...], Recommendation] = {}
    for proposal in sorted(proposals, key=lambda one: (_RANK[one.origin], one.recommendation_id)):
        key = _change(proposal)
        first = kept.get(key)
        kept[key] = proposal if first is None else _joined(first, proposal)
    return tuple(sorted(kept.values(), key=lambda one: (-one.estimated_monthly_savings, one.recommendation_id)))


def _change(one: Recommendation) -> tuple[str | None, ...]:
    """What makes two proposals the same: the resource and the action; of purchases, what is bought for whom."""
    if one.action is Action.PURCHASE_COMMITMENT and one.resource_id is None:
        plan = "SavingsPlans" in (one.resource_type or "")
        size = None if plan else one.recommended
        return "purchase", one.sub_account_id, one.resource_type, one.region_id, size
    if one.resource_id is None or one.action is Action.OTHER:
        return "single", one.recommendation_id
    return "resource", one.sub_account_id, one.region_id, bare_id(one.resource_id), one.action.value


def _joined(first: Recommendation, other: Recommendation) -> Recommendation:
    if other.origin == first.origin:
        return first
    said = {f"{other.origin}: saving": f"{other.estimated_monthly_savings} {other.currency}"}
    said |= {f"{other.origin}: {name}": value for name, value in other.evidence.items()}
    origins = tuple(dict.fromkeys((*first.also_from, other.origin)))
    return first.model_copy(update={"also_from": origins, "evidence": {**said, **first.evidence}})
