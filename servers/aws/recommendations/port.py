"""The recommendations port: all of AWS's advisers at once, a gap for each that does not answer."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from servers.aws.inventory.scan import Scope
from servers.aws.inventory.walk import Clients
from servers.aws.places import ask_everywhere, every_place
from servers.aws.recommendations import advisor, hub, optimizer, purchases
from servers.aws.recommendations.merge import merged
from servers.kit.live.everywhere import Question
from servers.kit.live.inventory.refusals import Place
from servers.kit.live.kept_items import Found, KeptItems
from shared_models.recommendation import Recommendation

FRESH_FOR: Final = timedelta(hours=24)


def recommendations(
    clients: Clients,
    scope: Callable[[], Awaitable[Scope]],
    ask_cost_explorer: purchases.Ask | None,
    folder: Path,
    clock: Callable[[], datetime],
) -> KeptItems[Recommendation]:
    """The port; without `ask_cost_explorer` nothing is asked that costs money."""

    async def read(_asked: Mapping[str, object]) -> Found[Recommendation]:
        where = await scope()
        found, gaps = await ask_everywhere(_questions(clients, where, ask_cost_explorer))
        return Found(merged(found), gaps)

    return KeptItems(Recommendation, read, folder, clock, fresh_for=FRESH_FOR)


def _questions(clients: Clients, scope: Scope, ask: purchases.Ask | None) -> Iterator[Question[Recommendation]]:
    home = scope.home
    own = Place(account=scope.accounts[0], region=home, partition=scope.partition)
    yield "cost-optimization-hub", own, lambda: hub.proposals(clients("cost-optimization-hub", home, None))
    for place in every_place(scope.accounts, scope.regions or (home,), scope.partition):
        for kind in optimizer.judged():
            yield f"compute-optimizer:{kind.name}", place, partial(_optimized, clients, kind, place)
    for place in every_place(scope.accounts, (home,), scope.partition):
        yield "trusted-advisor", place, partial(_advised, clients, place)
    if ask is not None:
        for plan in purchases.PLANS:
            yield f"cost-explorer:{plan}", own, partial(purchases.plans, ask, plan)
        for service in purchases.RESERVABLE:
            yield f"cost-explorer:{service}", own, partial(purchases.reservations, ask, service)


def _optimized(clients: Clients, kind: optimizer.Judged, place: Place) -> Iterator[Recommendation]:
    client = clients("compute-optimizer", place.region, place.account)
    return optimizer.proposals(client, kind, place.account, place.region)


def _advised(clients: Clients, place: Place) -> Iterator[Recommendation]:
    return advisor.proposals(clients("support", place.region, place.account), place.account)
