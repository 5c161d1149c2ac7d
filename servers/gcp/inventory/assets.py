"""From an asset as Cloud Asset Inventory answers it to a Resource.

`resource_id` is the asset's full resource name, by which the billing export (resource.global_name) names it too. Where
an export writes the number of the resource or of the project instead of its name, these are aliases; where it has no
global_name, its resource.name is the name inside the service, which is no name in the world and joins nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from servers.gcp.inventory.table import GENERIC, TypeRow, resource_types
from servers.gcp.protos import message_of, plain_of, whole
from servers.kit.live.expressions import search
from servers.kit.live.values import instant, text
from shared_models.inventory import Resource

PROJECT: Final = "cloudresourcemanager.googleapis.com/Project"
_ZONE: Final = re.compile(r"([a-z]+-[a-z]+\d+)-[a-z]")
_LINK: Final = re.compile(r"https://(?:www|compute)\.googleapis\.com/compute/(?:v1|beta|alpha)/")
_OWN_PROJECT: Final = re.compile(r"(?<=/projects/)[^/]+")


@dataclass(frozen=True)
class Asset:
    """One asset in plain values: `project` is its number, or its id where the answer says that."""

    name: str
    asset_type: str
    project: str | None
    location: str
    data: Mapping[str, Any]


def listed(said: Any) -> Asset:
    """The asset of a ListAssets page with RESOURCE content."""
    message = message_of(said)
    above = [one for one in message.ancestors if one.startswith("projects/")]
    resource = message.resource
    data = plain_of(resource.data)
    project = above[0].removeprefix("projects/") if above else None
    return Asset(message.name, message.asset_type, project, resource.location, data)


def searched(said: Any) -> Asset:
    """The asset of a SearchAllResources page: what the search index has of it, in the words of ListAssets."""
    message = message_of(said)
    created = datetime.fromtimestamp(message.create_time.seconds, UTC) if message.HasField("create_time") else None
    data = plain_of(message.additional_attributes)
    data |= {"name": message.display_name, "state": message.state, "labels": dict(message.labels)}
    data["creationTimestamp"] = created
    project = message.project.removeprefix("projects/") or None
    return Asset(message.name, message.asset_type, project, message.location, data)


def resource_of(asset: Asset, projects: Mapping[str, str]) -> Resource:
    """The resource that an asset is; `projects` says project ids by project numbers."""
    row = resource_types().get(asset.asset_type, GENERIC)
    data = asset.data
    region, zone = _place(asset.location)
    project = _project(asset, projects)
    found = {name: text(whole(search(path, data))) for name, path in row.facts.items()}
    return Resource(
        resource_id=asset.name,
        aliases=tuple(_aliases(asset, project)),
        resource_name=_name(row, asset),
        resource_type=row.kind,
        native_type=asset.asset_type,
        provider="gcp",
        sub_account_id=project or "",
        region_id=region,
        availability_zone=zone,
        state=_words(search(row.state, data)),
        created_at=instant(search(row.created, data)),
        sku=text(_found(row.sku, data)),
        size_gib=_number(_found(row.size_gib, data)),
        attached_to=_full_name(text(_found(row.attached_to, data))),
        unattached_since=instant(_found(row.unattached_since, data)),
        tags=_labels(search(row.labels, data)),
        facts={name: value for name, value in found.items() if value is not None},
    )


def _project(asset: Asset, projects: Mapping[str, str]) -> str | None:
    """The id of the project: by the number above it, else by its own name."""
    if asset.project is not None and asset.project in projects:
        return projects[asset.project]
    own = _OWN_PROJECT.search(asset.name)
    return own[0] if own and not own[0].isdecimal() else asset.project


def _aliases(asset: Asset, project: str | None) -> Iterator[str]:
    """The names under which a bill may have it: by number where this is by name, and the other way round."""
    names = [asset.name]
    number = asset.data.get("id")
    if asset.asset_type.startswith("compute.googleapis.com/") and number and str(number).isdecimal():
        names.append(f"{asset.name.rpartition('/')[0]}/{number}")
    for other in dict.fromkeys((asset.project, project)):
        if other:
            names += [_OWN_PROJECT.sub(other, name, count=1) for name in names]
    yield from (name for name in dict.fromkeys(names) if name != asset.name)


def _name(row: TypeRow, asset: Asset) -> str:
    said = search(row.name, asset.data)
    return str(said if isinstance(said, str) and said else asset.name).rpartition("/")[2]


def _place(location: str) -> tuple[str | None, str | None]:
    """(region or multi-region, zone); what is everywhere has neither."""
    place = location.lower()
    if place in {"", "global"}:
        return None, None
    zone = _ZONE.fullmatch(place)
    return (zone[1], place) if zone else (place, None)


def _full_name(link: str | None) -> str | None:
    """A link to a Compute Engine resource as the full resource name that the inventory and the bill have for it."""
    return _LINK.sub("//compute.googleapis.com/", link, count=1) if link else None


def _labels(said: Any) -> dict[str, str]:
    if not isinstance(said, Mapping):
        return {}
    return {str(key): str(value) for key, value in cast("Mapping[str, Any]", said).items()}


def _words(said: Any) -> str | None:
    """A state; a service whose state is an object of several says none here."""
    return said or None if isinstance(said, str) else None


def _found(expression: str | None, data: Mapping[str, Any]) -> Any:
    return None if expression is None else whole(search(expression, data))


def _number(said: Any) -> float | None:
    try:
        return None if said is None else float(said)
    except (TypeError, ValueError):
        return None
