"""The prices port: the list price of one service, beside it spot and savings plan rates where it is EC2."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from servers.aws.inventory.scan import Scope
from servers.aws.inventory.walk import Clients
from servers.aws.places import ask_everywhere
from servers.aws.prices.offers import ENDPOINTS, listed
from servers.aws.prices.plan_rates import plan_rates
from servers.aws.prices.spot import spot
from servers.kit.live.everywhere import Question
from servers.kit.live.inventory.refusals import Place
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.ports import Slice
from shared_models.errors import InvalidArgumentError
from shared_models.pricing import SkuPrice

FRESH_FOR: Final = timedelta(days=7)
SERVICES: Final = {
    "Amazon Elastic Compute Cloud": "AmazonEC2",
    "Amazon Relational Database Service": "AmazonRDS",
    "Amazon Simple Storage Service": "AmazonS3",
    "Amazon Virtual Private Cloud": "AmazonVPC",
    "Amazon ElastiCache": "AmazonElastiCache",
    "Amazon Redshift": "AmazonRedshift",
    "Amazon DynamoDB": "AmazonDynamoDB",
    "Amazon OpenSearch Service": "AmazonES",
    "Amazon Elastic Kubernetes Service": "AmazonEKS",
    "Amazon Elastic File System": "AmazonEFS",
    "Amazon CloudFront": "AmazonCloudFront",
    "AmazonCloudWatch": "AmazonCloudWatch",
    "AWS Lambda": "AWSLambda",
    "Elastic Load Balancing": "AWSELB",
}
"""The name on the bill -> the price list's code; a code may be given too."""


class LivePrices:
    """Prices by service and region; the whole list has millions of prices, so a service or a SKU has to be named."""

    def __init__(
        self, clients: Clients, scope: Callable[[], Awaitable[Scope]], folder: Path, clock: Callable[[], datetime]
    ) -> None:
        self._clients = clients
        self._scope = scope
        self._clock = clock
        self._kept = KeptItems(SkuPrice, self._read, folder, clock, fresh_for=FRESH_FOR, asks=("service", "region_id"))

    @property
    def fetched_at(self) -> datetime | None:
        """When the last answer was read."""
        return self._kept.fetched_at

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[SkuPrice]:
        """Prices of one service, in one region where one is named.

        Raises:
            InvalidArgumentError: no service is named.

        """
        name = conditions.get("service_name")
        if name is None:
            raise InvalidArgumentError(
                "service_name", "The AWS price list is asked by service.", hint=f"For example {next(iter(SERVICES))}."
            )
        asked = {
            "service": SERVICES.get(str(name), str(name)),
            "region_id": conditions.get("region_id"),
            "sku_id": conditions.get("sku_id"),
        }
        return await self._kept.page(asked, offset=offset, limit=limit)

    async def _read(self, asked: Mapping[str, object]) -> Found[SkuPrice]:
        scope = await self._scope()
        region = str(asked["region_id"]) if asked["region_id"] else None
        found, gaps = await ask_everywhere(self._questions(scope, str(asked["service"]), region))
        ordered = sorted(
            found, key=lambda one: (one.pricing_category, one.sku_id, one.sku_price_id or "", str(one.effective_from))
        )
        return Found(tuple(ordered), gaps)

    def _questions(self, scope: Scope, service: str, region: str | None) -> Iterator[Question[SkuPrice]]:
        home = Place(account=scope.accounts[0], region=ENDPOINTS[0], partition=scope.partition)
        yield "pricing", home, lambda: listed(self._clients("pricing", home.region, None), service, region, {})
        if service != "AmazonEC2":
            return
        yield "savingsplans", home, lambda: plan_rates(self._clients("savingsplans", home.region, None), region)
        for one in (region,) if region else scope.regions or (scope.home,):
            place = Place(account=scope.accounts[0], region=one, partition=scope.partition)
            yield "ec2:spot", place, partial(self._spot, one)

    def _spot(self, region: str) -> Iterator[SkuPrice]:
        return spot(self._clients("ec2", region, None), region, self._clock())
