"""Which source partitions differ between two snapshots: what a restatement changed, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.ledger.catalog import Catalog
from orchestrator.ledger.loads import Load, totals_of
from shared_models.base import WireModel
from shared_models.export import CostBasis, CurrencyTotals
from shared_models.money import ExactDecimal
from shared_models.period import instant_text

Optional = SkipJsonSchema[None]
_FIELD = {
    CostBasis.BILLED: "billed_cost",
    CostBasis.EFFECTIVE: "effective_cost",
    CostBasis.LIST: "list_cost",
    CostBasis.CONTRACTED: "contracted_cost",
}


class LoadSeen(WireModel):
    """One load of a partition."""

    load: int
    sha256: str = Field(description="First 16 digits")
    rows: int
    loaded_at: str


class PartitionChange(WireModel):
    """A partition whose data is not what it was; without `was` it is new, without `now` it is gone."""

    provider: str
    billing_account_id: str
    billing_period: str
    source: str
    was: LoadSeen | Optional = None
    now: LoadSeen | Optional = None
    change: dict[str, ExactDecimal] = Field(description="Currency: what the whole partition has more than it had")


@dataclass(frozen=True)
class _Pair:
    was: Load | None
    now: Load | None


def changed_partitions(
    catalog: Catalog, was: Sequence[Load], now: Sequence[Load], metric: CostBasis
) -> tuple[PartitionChange, ...]:
    """The partitions of two sets of loads that are not the same bytes in both, in a stable order."""
    before, after = {_key(load): load for load in was}, {_key(load): load for load in now}
    pairs = [_Pair(before.get(key), after.get(key)) for key in sorted({*before, *after})]
    changed = [pair for pair in pairs if pair.was is None or pair.now is None or pair.was.sha256 != pair.now.sha256]
    return tuple(_change(catalog, pair, metric) for pair in changed)


def _key(load: Load) -> tuple[str, str, str, str, str]:
    start = instant_text(load.billing_period_start)
    return (load.provider, load.billing_account_id, start, load.source_key, load.source_format.value)


def _change(catalog: Catalog, pair: _Pair, metric: CostBasis) -> PartitionChange:
    provider, account, start, source, source_format = _key(pair.now or pair.was)  # type: ignore[arg-type]
    with catalog.reading() as connection:
        had, has = (totals_of(connection, load.load_id) if load is not None else () for load in (pair.was, pair.now))
    return PartitionChange(
        provider=provider,
        billing_account_id=account,
        billing_period=start[: len("YYYY-MM")],
        source=f"{source_format} {source}",
        was=_seen(pair.was),
        now=_seen(pair.now),
        change=_difference(had, has, metric),
    )


def _seen(load: Load | None) -> LoadSeen | None:
    if load is None:
        return None
    return LoadSeen(
        load=load.load_id, sha256=load.sha256[:16], rows=load.rows, loaded_at=f"{load.loaded_at:%Y-%m-%dT%H:%M:%SZ}"
    )


def _difference(had: Sequence[CurrencyTotals], has: Sequence[CurrencyTotals], metric: CostBasis) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for sign, totals in ((-1, had), (1, has)):
        for total in totals:
            amount: Decimal = getattr(total, _FIELD[metric])
            found[total.currency] = found.get(total.currency, Decimal(0)) + sign * amount
    return {currency: amount for currency, amount in sorted(found.items()) if amount}
