"""The recommendations port: each recommender where the inventory has something that it speaks about, all at once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from servers.gcp.billing_accounts import billing_accounts
from servers.gcp.everywhere import ask_everywhere
from servers.gcp.gaps import gap_of
from servers.gcp.inventory.everything import everything
from servers.gcp.live import Live
from servers.gcp.protos import message_of
from servers.gcp.recommendations.proposals import Place, insight_parents, proposal
from servers.gcp.recommendations.recommenders import RECOMMENDERS, At, Recommender
from servers.gcp.scopes import scopes_of
from servers.kit.live.everywhere import Question
from servers.kit.live.inventory.refusals import Place as Asked
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.live.threads import off_loop
from servers.kit.ports import Pages
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError
from shared_models.inventory import Resource
from shared_models.recommendation import Recommendation

FRESH_FOR: Final = timedelta(hours=24)
_ACTIVE: Final = "stateInfo.state = ACTIVE"


def recommendations(live: Live, inventory: Pages[Resource]) -> KeptItems[Recommendation]:
    """The port; what a place refuses is a gap, and so is what the inventory does not know."""

    async def read(_asked: Mapping[str, object]) -> Found[Recommendation]:
        resources, unknown = await everything(inventory)
        owners, more = await _owners(live)
        names = {name: one.resource_id for one in resources for name in (one.resource_id, *one.aliases)}
        found, gaps = await ask_everywhere(_questions(live, resources, owners, names))
        once = {one.recommendation_id: one for one in found}
        ordered = sorted(once.values(), key=lambda one: (-one.estimated_monthly_savings, one.recommendation_id))
        return Found(tuple(ordered), (*gaps, *more, *unknown))

    folder = live.folder / "live" / "recommendations"
    return KeptItems(Recommendation, read, folder, live.clock, fresh_for=FRESH_FOR)


def places(kind: Recommender, resources: list[Resource]) -> set[Place]:
    """Where a recommender can have advice about these resources."""
    found: set[Place] = set()
    for one in resources:
        if one.native_type in kind.types and one.sub_account_id:
            own = one.availability_zone or one.region_id or "global"
            location = {At.OWN: own, At.REGION: one.region_id or "global", At.GLOBAL: "global"}[kind.at]
            found.add(Place(f"projects/{one.sub_account_id}", location))
    return found


async def _owners(live: Live) -> tuple[dict[str, list[str]], list[Gap]]:
    """Kind of owner -> its names: billing accounts, and the organisations and folders of the scopes."""
    owners: dict[str, list[str]] = defaultdict(list)
    gaps: list[Gap] = []
    try:
        accounts = await billing_accounts(live)
        owners["billing"] = [f"billingAccounts/{one.billing_account_id}" for one in accounts if one.open]
    except FinOpsError as error:
        gaps.append(gap_of("recommendations for billing accounts", error))
    scopes = await off_loop(scopes_of, live)
    owners["shared"] = [one for one in scopes if not one.startswith("projects/")]
    return owners, gaps


def _questions(
    live: Live, resources: list[Resource], owners: Mapping[str, list[str]], names: Mapping[str, str]
) -> Iterator[Question[Recommendation]]:
    for kind in RECOMMENDERS:
        where = places(kind, resources)
        if kind.shared:
            where |= {
                Place(owner, location) for owner in owners["shared"] for location in {one.location for one in where}
            }
        if not kind.types:
            where = {Place(owner, "global") for owner in owners["billing"]}
        for place in sorted(where, key=lambda one: (one.owner, one.location)):
            yield (
                kind.name,
                Asked(account=place.owner, region=place.location),
                partial(_proposals, live, kind, place, names),
            )


def _proposals(live: Live, kind: Recommender, place: Place, names: Mapping[str, str]) -> Iterator[Recommendation]:
    """The active advice of one recommender in one place; blocking.

    Raises:
        FinOpsError: the advice, or the insights behind it, cannot be read; the advice is yielded before the latter.

    """
    asked = {"parent": place.parent(kind.name), "filter": _ACTIVE, "page_size": 1_000}
    found = list(live.items("recommender", "list_recommendations", asked, "recommendations", on=place.owner))
    insights: dict[str, Any] = {}
    refused: FinOpsError | None = None
    for parent in sorted({name for one in found for name in insight_parents(one)}):
        try:
            for one in live.items(
                "recommender", "list_insights", {"parent": parent, "page_size": 1_000}, "insights", on=place.owner
            ):
                insights[one.name] = message_of(one)
        except FinOpsError as error:
            refused = error
    for one in found:
        made = proposal(one, kind, place, insights, names)
        if made is not None:
            yield made
    if refused is not None:
        raise refused
