"""Prices of machines, which Google does not list: vCPUs times the core SKU and GiB times the RAM SKU.

SKUs are told by their whole description: custom machines, sole tenancy, extended memory, premiums, reserved capacity
and defined durations begin or read differently and match no family. A SKU in a region does not say that Google has the
machine there.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from shared_models.base import WireModel
from shared_models.pricing import SkuPrice

_TABLE: Final = Path(__file__).parent / "machines.toml"
_ON_DEMAND: Final = r"(?P<spot>(?:Spot )?Preemptible |Spot )?{sku} (?P<part>Core|Ram) running in .+"
_COMMITTED: Final = r"Commitment v1: {commitment}(?P<part>Core|Cpu|Ram) in .+ for (?P<years>1|3) [Yy]ears?"
_PREMIUM: Final = r"{premium} (?P<part>Core|Ram) running in .+"
_KINDS: Final = {
    "": ("Standard", "on demand"),
    "spot": ("Dynamic", "spot"),
    "1": ("Committed", "committed for 1 year"),
    "3": ("Committed", "committed for 3 years"),
}


class Family(WireModel):
    """One family of machines; see machines.toml."""

    sku: str
    commitment: str
    shapes: dict[str, tuple[Decimal, tuple[int, ...]]] = Field(default_factory=dict)
    exact: dict[str, tuple[Decimal, Decimal]] = Field(default_factory=dict)
    premium: str | None = None

    def sizes(self) -> Iterator[tuple[str, Decimal, Decimal]]:
        """(machine without its family, vCPUs, GiB) of every machine."""
        for variant, (gib, counts) in self.shapes.items():
            for count in counts:
                yield f"{variant}-{count}", Decimal(count), gib * count
        for name, (cores, gib) in self.exact.items():
            yield name, cores, gib


@cache
def families() -> Mapping[str, Family]:
    """Family -> how it is priced."""
    said = tomllib.loads(_TABLE.read_text(encoding="utf-8"), parse_float=Decimal)
    return {name: Family.model_validate(fields) for name, fields in said.items()}


def machine_prices(skus: Iterable[SkuPrice]) -> Iterator[SkuPrice]:
    """What an hour of every machine costs in every region that prices both of its parts: on demand, spot, committed."""
    found = list(skus)
    for name, family in families().items():
        for (region, kind, currency), parts in sorted(_parts(found, family).items(), key=str):
            if {"core", "ram"} <= parts.keys():
                for size, cores, gib in family.sizes():
                    yield _machine(f"{name}-{size}", cores, gib, parts, (region, kind, currency))


def _parts(
    skus: list[SkuPrice], family: Family
) -> dict[tuple[str | None, str, str], dict[str, tuple[SkuPrice, SkuPrice | None]]]:
    """(region, kind, currency) -> part -> its price, and the premium on it."""
    expressions = [re.compile(_ON_DEMAND.format(sku=re.escape(family.sku)))]
    expressions.append(re.compile(_COMMITTED.format(commitment=family.commitment)))
    premium = re.compile(_PREMIUM.format(premium=re.escape(family.premium))) if family.premium else None
    own: dict[tuple[str | None, str, str], dict[str, SkuPrice]] = defaultdict(dict)
    more: dict[tuple[str | None, str, str], SkuPrice] = {}
    for one in skus:
        for expression in expressions:
            if (said := expression.fullmatch(one.sku_description)) is not None:
                parts = said.groupdict()
                kind = parts.get("years") or ("spot" if parts.get("spot") else "")
                own[one.region_id, kind, one.currency][_part(said)] = one
        if premium is not None and (said := premium.fullmatch(one.sku_description)) is not None:
            more[one.region_id, _part(said), one.currency] = one
    return {
        key: {part: (price, more.get((key[0], part, key[2])) if not key[1] else None) for part, price in parts.items()}
        for key, parts in own.items()
    }


def _part(said: re.Match[str]) -> str:
    return "ram" if said["part"] == "Ram" else "core"


def _machine(
    name: str,
    cores: Decimal,
    gib: Decimal,
    parts: Mapping[str, tuple[SkuPrice, SkuPrice | None]],
    place: tuple[str | None, str, str],
) -> SkuPrice:
    region, kind, currency = place
    category, words = _KINDS[kind]
    used = [(cores, one) for one in parts["core"] if one] + [(gib, one) for one in parts["ram"] if one]
    contracted = [one.contracted_unit_price for _, one in used]
    listed: Any = sum((count * one.list_unit_price for count, one in used), Decimal(0))
    agreed = sum((count * price for (count, _), price in zip(used, contracted, strict=True) if price), Decimal(0))
    return SkuPrice(
        sku_id=f"machine:{name}",
        sku_price_id=f"machine:{name}/{region or 'global'}/{kind or 'on-demand'}",
        provider="gcp",
        service_name=parts["core"][0].service_name,
        sku_description=f"{name} {words}: {cores.normalize():f} vCPU and {gib.normalize():f} GiB, composed of "
        + " and ".join(one.sku_id for _, one in used),
        region_id=region,
        pricing_category=category,
        pricing_unit="hour",
        list_unit_price=listed.normalize(),
        contracted_unit_price=agreed.normalize() if all(price is not None for price in contracted) else None,
        currency=currency,
        effective_from=max((one.effective_from for _, one in used if one.effective_from), default=None),
    )
