"""One proposal for one change: what several services propose for the same resource is kept once, from the best one."""

from collections.abc import Callable, Hashable, Iterable, Sequence

from shared_models.recommendation import Action, Recommendation


def merged(
    proposals: Iterable[Recommendation],
    best_first: Sequence[str],
    bought: Callable[[Recommendation], Hashable],
    name: Callable[[str], str],
) -> tuple[Recommendation, ...]:
    """Each change once, the largest saving first; the other services that propose it, and what they say, are named.

    `best_first` ranks the origins, `bought` says what makes two purchases for no one resource the same, `name` how two
    sources that write one resource's id differently agree.
    """
    rank = {origin: number for number, origin in enumerate(best_first)}
    kept: dict[Hashable, Recommendation] = {}
    for proposal in sorted(proposals, key=lambda one: (rank[one.origin], one.recommendation_id)):
        key = _change(proposal, bought, name)
        first = kept.get(key)
        kept[key] = proposal if first is None else _joined(first, proposal)
    return tuple(sorted(kept.values(), key=lambda one: (-one.estimated_monthly_savings, one.recommendation_id)))


def _change(one: Recommendation, bought: Callable[[Recommendation], Hashable], name: Callable[[str], str]) -> Hashable:
    """What makes two proposals the same: the resource and the action; of purchases, what is bought for whom."""
    if one.action is Action.PURCHASE_COMMITMENT and one.resource_id is None:
        return "purchase", bought(one)
    if one.resource_id is None or one.action is Action.OTHER:
        return "single", one.recommendation_id
    return "resource", one.sub_account_id, one.region_id, name(one.resource_id), one.action.value


def _joined(first: Recommendation, other: Recommendation) -> Recommendation:
    if other.origin == first.origin:
        return first
    said = {f"{other.origin}: saving": f"{other.estimated_monthly_savings} {other.currency}"}
    said |= {f"{other.origin}: {name}": value for name, value in other.evidence.items()}
    origins = tuple(dict.fromkeys((*first.also_from, other.origin)))
    return first.model_copy(update={"also_from": origins, "evidence": {**said, **first.evidence}})
