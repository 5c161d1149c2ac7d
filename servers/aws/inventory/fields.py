"""From an item as AWS writes it to a Resource: times, sizes, tags and facts in one form."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from servers.aws.inventory.table import TypeRow, fill, search
from shared_models.inventory import Resource

_MILLISECONDS_FROM: Final = 100_000_000_000
"""A number of seconds this large would be in the year 5138: it counts milliseconds."""


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


def tags_of(said: Any) -> dict[str, str]:
    """Tags from a map, or from a list of pairs under any of the names that AWS gives them."""
    if isinstance(said, Mapping):
        return {str(key): str(value) for key, value in cast("Mapping[str, Any]", said).items()}
    tags: dict[str, str] = {}
    for pair in cast("Iterable[Mapping[str, Any]]", said or ()):
        lowered = {name.lower().removeprefix("tag"): value for name, value in pair.items()}
        if lowered.get("key") is not None:
            tags[str(lowered["key"])] = str(lowered.get("value") or "")
    return tags


def text(value: Any) -> str | None:
    """A value as text: lists joined by commas, truth in lower case, times in ISO 8601; null where there is nothing."""
    if value is None or (isinstance(value, (str, list)) and not value):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (list, tuple)):
        parts = [text(one) for one in cast("Iterable[Any]", value)]
        return ",".join(part for part in parts if part is not None)
    return str(value)


def instant(value: Any) -> datetime | None:
    """A time from a time, a number of seconds or milliseconds, or ISO 8601 text; null where it is none of them."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, (int, float)) or (isinstance(value, str) and value.replace(".", "", 1).isdecimal()):
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds, UTC)
    try:
        return instant(datetime.fromisoformat(str(value)))
    except ValueError:
        return None


def _found(expression: str | None, item: Mapping[str, Any]) -> Any:
    return None if expression is None else search(expression, item)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
