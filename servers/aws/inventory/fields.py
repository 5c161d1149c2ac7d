"""From an item as AWS writes it to a Resource."""

from collections.abc import Mapping
from typing import Any

from servers.aws.inventory.table import TypeRow
from servers.kit.live.expressions import fill, search
from servers.kit.live.values import instant, text
from shared_models.inventory import Resource


def resource_of(
    row: TypeRow, item: Mapping[str, Any], place: Mapping[str, str], tags: dict[str, str], facts: dict[str, str]
) -> Resource | None:
    """The resource that an item describes; null where the item says no id.

    `facts` and `tags` are what further questions said; `place` has the account, the region and the partition.
    """
    said_region = text(_found(row.region, item))
    # S3 answers an old bucket of its first region with no or an empty region.
    place = {**place, "region": said_region} if said_region else place
    identity = fill(row.id, item, place)
    if identity is None:
        return None
    found = {name: text(search(path, item)) for name, path in row.facts.items()}
    names = (fill(alias, item, place) for alias in row.aliases)
    return Resource(
        resource_id=identity,
        aliases=tuple(dict.fromkeys(name for name in names if name and name != identity)),
        resource_name=text(_found(row.name, item)) or tags.get("Name"),
        resource_type=row.kind,
        native_type=row.native_type,
        provider="aws",
        sub_account_id=place["account"],
        region_id=place["region"] if row.scope == "regional" or said_region else None,
        availability_zone=text(_found(row.zone, item)),
        state=text(_found(row.state, item)),
        created_at=instant(_found(row.created, item)),
        sku=text(_found(row.sku, item)),
        size_gib=_number(_found(row.size_gib, item)),
        attached_to=text(_found(row.attached_to, item)),
        tags=tags,
        facts={name: value for name, value in {**found, **facts}.items() if value is not None},
    )


def _found(expression: str | None, item: Mapping[str, Any]) -> Any:
    return None if expression is None else search(expression, item)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
