"""Savings plans and the reservations of every service that sells them, in one shape: a table and one reader."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from servers.aws.inventory.scan import Scope
from servers.aws.inventory.walk import Clients
from servers.aws.paging import pages
from servers.aws.places import ask_everywhere, every_place
from servers.kit.live.everywhere import Question
from servers.kit.live.expressions import fill, search
from servers.kit.live.inventory.refusals import Place
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.live.values import instant
from shared_models.commitment import CommitmentDiscount
from shared_models.coverage import Gap
from shared_models.errors import UpstreamUnavailableError

FRESH_FOR: Final = timedelta(hours=6)
Used = Callable[[], Awaitable[tuple[Mapping[str, float], tuple[Gap, ...]]]]
_RECURRING: Final = "RecurringCharges[?{0}Frequency == 'Hourly'] | [0].{0}Amount"


@dataclass(frozen=True)
class Reserved:
    """How one service lists its reservations; expressions are JMESPath over an item, `id` is a template."""

    service: str
    call: str
    items: str
    id: str
    name: str
    count: str
    start: str
    upfront: str
    recurring: str
    payment: str
    what: str
    seconds: str = "Duration"
    currency: str = "CurrencyCode"
    token: tuple[str, str] | None = None


RESERVED: Final = (
    Reserved(
        "ec2", "describe_reserved_instances", "ReservedInstances",
        "arn:{partition}:ec2:{region}:{account}:reserved-instances/{ReservedInstancesId}",
        "ReservedInstancesId", "InstanceCount", "Start", "FixedPrice",
        "RecurringCharges[?Frequency == 'Hourly'] | [0].Amount", "OfferingType", "InstanceType",
    ),
    Reserved(
        "rds", "describe_reserved_db_instances", "ReservedDBInstances", "{ReservedDBInstanceArn}",
        "ReservedDBInstanceId", "DBInstanceCount", "StartTime", "FixedPrice",
        _RECURRING.format("RecurringCharge"), "OfferingType", "DBInstanceClass",
    ),
    Reserved(
        "elasticache", "describe_reserved_cache_nodes", "ReservedCacheNodes", "{ReservationARN}",
        "ReservedCacheNodeId", "CacheNodeCount", "StartTime", "FixedPrice",
        _RECURRING.format("RecurringCharge"), "OfferingType", "CacheNodeType", currency="'USD'",
    ),
    Reserved(
        "redshift", "describe_reserved_nodes", "ReservedNodes",
        "arn:{partition}:redshift:{region}:{account}:reservednode:{ReservedNodeId}",
        "ReservedNodeId", "NodeCount", "StartTime", "FixedPrice",
        _RECURRING.format("RecurringCharge"), "OfferingType", "NodeType",
    ),
    Reserved(
        "opensearch", "describe_reserved_instances", "ReservedInstances",
        "arn:{partition}:es:{region}:{account}:reserved-instance/{ReservedInstanceId}",
        "ReservationName", "InstanceCount", "StartTime", "FixedPrice",
        _RECURRING.format("RecurringCharge"), "PaymentOption", "InstanceType", token=("NextToken", "NextToken"),
    ),
    Reserved(
        "memorydb", "describe_reserved_nodes", "ReservedNodes", "{ARN}",
        "ReservationId", "NodeCount", "StartTime", "FixedPrice",
        _RECURRING.format("RecurringCharge"), "OfferingType", "NodeType", currency="'USD'",
    ),
)  # fmt: skip
_PAYMENTS: Final = {"noupfront": "No Upfront", "partialupfront": "Partial Upfront", "allupfront": "All Upfront"}


def commitments(
    clients: Clients,
    scope: Callable[[], Awaitable[Scope]],
    folder: Path,
    clock: Callable[[], datetime],
    used: Used | None = None,
) -> KeptItems[CommitmentDiscount]:
    """The commitments port: plans and reservations of every account in scope, a gap for every refusal.

    `used` tells the used share of each by its ARN or id, and costs.
    """

    async def read(_asked: Mapping[str, object]) -> Found[CommitmentDiscount]:
        where = await scope()
        found, gaps = await ask_everywhere(_questions(clients, where))
        once = {one.commitment_discount_id: one for one in found}
        shares: Mapping[str, float] = {}
        unknown: tuple[Gap, ...] = ()
        if used is not None and once:
            shares, unknown = await used()
        items = (_with_use(one, shares) for one in once.values())
        return Found(tuple(sorted(items, key=lambda one: one.commitment_discount_id)), (*gaps, *unknown))

    return KeptItems(CommitmentDiscount, read, folder, clock, fresh_for=FRESH_FOR)


def _with_use(one: CommitmentDiscount, shares: Mapping[str, float]) -> CommitmentDiscount:
    """The commitment with its used share, where it is told under its ARN or the id at the end of it."""
    arn = one.commitment_discount_id
    names = (arn, re.split("[:/]", arn)[-1])
    share = next((shares[name] for name in names if name in shares), None)
    return one if share is None else one.model_copy(update={"utilization": share})


def _questions(clients: Clients, scope: Scope) -> Iterator[Question[CommitmentDiscount]]:
    payer = scope.accounts[0]
    for place in every_place(scope.accounts, (scope.home,), scope.partition):
        yield "savingsplans", place, partial(_plans, clients, place, payer)
    for place in every_place(scope.accounts, scope.regions or (scope.home,), scope.partition):
        for kind in RESERVED:
            yield f"{kind.service}:reservations", place, partial(_reservations, clients, kind, place, payer)


def _plans(clients: Clients, place: Place, payer: str) -> Iterator[CommitmentDiscount]:
    client = clients("savingsplans", place.region, place.account)
    for page in pages(client, "describe_savings_plans", {}, token=("nextToken", "nextToken")):
        for plan in page["savingsPlans"]:
            yield CommitmentDiscount(
                commitment_discount_id=plan["savingsPlanArn"],
                commitment_discount_name=plan.get("description"),
                commitment_discount_type=f"{plan['savingsPlanType']} Savings Plan",
                commitment_discount_category="Spend",
                provider="aws",
                billing_account_id=payer,
                sub_account_id=place.account,
                region_id=plan.get("region"),
                start=_time(plan["start"]),
                end=_time(plan["end"]),
                payment_model=plan["paymentOption"],
                hourly_commitment=Decimal(plan["commitment"]),
                upfront_cost=Decimal(plan.get("upfrontPaymentAmount") or 0),
                currency=plan["currency"],
                status="expired" if plan["state"] == "retired" else plan["state"],
            )


def _reservations(clients: Clients, kind: Reserved, place: Place, payer: str) -> Iterator[CommitmentDiscount]:
    client = clients(kind.service, place.region, place.account)
    for page in pages(client, kind.call, {}, token=kind.token):
        for item in search(kind.items, page) or ():
            yield _reservation(kind, item, place, payer)


def _reservation(kind: Reserved, item: Mapping[str, Any], place: Place, payer: str) -> CommitmentDiscount:
    start = _time(search(kind.start, item))
    count = int(search(kind.count, item) or 1)
    payment = str(search(kind.payment, item) or "").replace("_", "").replace(" ", "").lower()
    hourly = search(kind.recurring, item)
    name = search(kind.name, item)
    return CommitmentDiscount(
        commitment_discount_id=fill(kind.id, item, place.variables()) or str(name),
        commitment_discount_name=f"{count} x {search(kind.what, item)}",
        commitment_discount_type="Reserved Instance",
        commitment_discount_category="Usage",
        provider="aws",
        billing_account_id=payer,
        sub_account_id=place.account,
        region_id=place.region,
        start=start,
        end=start + timedelta(seconds=int(search(kind.seconds, item) or 0)),
        payment_model=_PAYMENTS.get(payment, str(search(kind.payment, item))),
        hourly_commitment=Decimal(str(hourly)) * count if hourly is not None else None,
        upfront_cost=Decimal(str(search(kind.upfront, item) or 0)) * count,
        currency=search(kind.currency, item) or "USD",
        status=str(item.get("State") or item.get("Status") or "active").lower(),
        scope=item.get("Scope"),
    )


def _time(said: Any) -> datetime:
    found = instant(said)
    if found is None:
        raise UpstreamUnavailableError(f"AWS answered a commitment's time as {said!r}.", hint="Report it.")
    return found
