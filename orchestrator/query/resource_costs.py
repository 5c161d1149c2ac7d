"""What listed resources cost by the ledger: live inventory knows what runs, the bill what it costs."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.loads import Load
from orchestrator.ledger.snapshot import Snapshot
from shared_models.coverage import Freshness
from shared_models.inventory import Resource
from shared_models.period import ChargePeriod
from shared_models.reach import known_until

_DAYS: Final = timedelta(days=30)
_FOLDED: Final = frozenset({"azure"})
"""Clouds whose ids are the same in any case."""
Sums = dict[str, dict[str, Decimal]]
"""ResourceId -> currency -> EffectiveCost."""


def with_ledger_costs(
    ledger: Ledger, snapshot: Snapshot, resources: Sequence[Resource]
) -> tuple[tuple[Resource, ...], tuple[Freshness, ...]]:
    """The resources, with the ledger's EffectiveCost of the last 30 full days of their cloud where they have no cost.

    A bill may call a resource by its id or by any of its aliases. What several currencies were paid for stays without.

    Raises:
        LedgerCorruptError: facts that this reads are gone or damaged.

    """
    wanted = [one for one in resources if one.monthly_cost is None]
    found: dict[str, Sums] = {}
    told: list[Freshness] = []
    for provider in sorted({one.provider for one in wanted}):
        loads = [load for load in snapshot.booked if load.provider == provider]
        if not loads:
            continue
        period = _last_days(loads)
        names = {_folded(provider, name) for one in wanted if one.provider == provider for name in _names(one)}
        found[provider] = _sums(ledger, snapshot.touching([period]), provider, period, names)
        told.append(
            Freshness(source=provider, data_as_of=period.end, origin="monthly_cost: EffectiveCost in the ledger")
        )
    return tuple(_with_cost(one, found.get(one.provider, {})) for one in resources), tuple(told)


def _last_days(loads: Sequence[Load]) -> ChargePeriod:
    """The last 30 days that a cloud's bills reach whole."""
    reach = known_until(loads).astimezone(UTC)
    end = datetime(reach.year, reach.month, reach.day, tzinfo=UTC)
    return ChargePeriod(start=end - _DAYS, end=end)


def _sums(ledger: Ledger, loads: Sequence[Load], provider: str, period: ChargePeriod, names: set[str]) -> Sums:
    own = [load for load in loads if load.provider == provider]
    sums: Sums = defaultdict(dict)
    if not own or not names:
        return sums
    name = "lower(ResourceId)" if provider in _FOLDED else "ResourceId"
    start, end = (instant.replace(tzinfo=None) for instant in (period.start, period.end))
    with ledger.cursor() as cursor:
        rows = cursor.execute(
            f"SELECT {name}, BillingCurrency, sum(EffectiveCost) FROM {ledger.facts_relation(own)}"
            f" WHERE {name} IN (SELECT unnest(?::VARCHAR[])) AND ChargePeriodStart >= ? AND ChargePeriodStart < ?"
            " GROUP BY 1, 2",
            [sorted(names), start, end],
        ).fetchall()
    for resource, currency, amount in rows:
        sums[resource][currency] = Decimal(amount)
    return sums


def _with_cost(resource: Resource, sums: Sums) -> Resource:
    if resource.monthly_cost is not None:
        return resource
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for name in {_folded(resource.provider, name) for name in _names(resource)}:
        for currency, amount in sums.get(name, {}).items():
            costs[currency] += amount
    if len(costs) != 1:
        return resource
    [(currency, amount)] = costs.items()
    return resource.model_copy(update={"monthly_cost": amount, "currency": currency})


def _names(resource: Resource) -> tuple[str, ...]:
    return (resource.resource_id, *resource.aliases)


def _folded(provider: str, name: str) -> str:
    return name.lower() if provider in _FOLDED else name
