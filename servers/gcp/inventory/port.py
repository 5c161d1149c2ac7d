"""The inventory port: every asset under every scope, read page by page from Cloud Asset Inventory and kept on disk."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Final

from servers.gcp.everywhere import ask_everywhere
from servers.gcp.inventory.assets import PROJECT, Asset, listed, resource_of, searched
from servers.gcp.live import Live
from servers.gcp.scopes import scopes_of
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap, SourceState
from shared_models.errors import PermissionDeniedError
from shared_models.inventory import Resource

FRESH_FOR: Final = timedelta(minutes=30)
_MOST_LISTED: Final = 1_000
_MOST_SEARCHED: Final = 500


def inventory(live: Live) -> KeptItems[Resource]:
    """The port. A scope that refuses its assets' contents is searched instead, without facts; else it is a gap."""

    async def read(_asked: Mapping[str, object]) -> Found[Resource]:
        scopes = await off_loop(scopes_of, live)
        poor: set[str] = set()
        found, gaps = await ask_everywhere(
            ("assets", scope, partial(_resources, live, scope, poor.add)) for scope in scopes
        )
        once = {(one.native_type, one.resource_id): one for one in found}
        ordered = sorted(once.values(), key=lambda one: (one.resource_type.value, one.resource_id, one.native_type))
        return Found(tuple(ordered), (*gaps, *map(_factless, sorted(poor))))

    return KeptItems(Resource, read, live.folder / "live" / "inventory", live.clock, fresh_for=FRESH_FOR)


def _resources(live: Live, scope: str, is_poor: Callable[[str], None]) -> Iterator[Resource]:
    """Every resource under a scope, its project by id; blocking."""
    try:
        projects = {
            str(one.data.get("projectNumber")): str(one.data.get("projectId")) for one in _listed(live, scope, PROJECT)
        }
        for asset in _listed(live, scope):
            yield resource_of(asset, projects)
    except PermissionDeniedError:
        is_poor(scope)
        projects = dict(map(_named, _searched(live, scope, PROJECT)))
        for asset in _searched(live, scope):
            yield resource_of(asset, projects)


def _listed(live: Live, scope: str, *types: str) -> Iterator[Asset]:
    asked = {"parent": scope, "content_type": "RESOURCE", "page_size": _MOST_LISTED, "asset_types": list(types)}
    return map(listed, live.items("cloudasset", "list_assets", asked, "assets", on=scope))


def _searched(live: Live, scope: str, *types: str) -> Iterator[Asset]:
    asked = {"scope": scope, "page_size": _MOST_SEARCHED, "asset_types": list(types)}
    return map(searched, live.items("cloudasset", "search_all_resources", asked, "results", on=scope))


def _named(project: Asset) -> tuple[str, str]:
    """(number, id) of a project that was searched for."""
    return str(project.project), str(project.data.get("projectId") or project.name.rpartition("/")[2])


def _factless(scope: str) -> Gap:
    return Gap(
        source="gcp",
        state=SourceState.PARTIAL,
        code="permission_denied",
        message=f"assets of {scope}: their contents may not be listed, so sizes, attachments and facts are unknown.",
        hint="Grant roles/cloudasset.viewer (cloudasset.assets.listResource) there.",
    )
