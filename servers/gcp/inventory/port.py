"""The inventory port: every asset under every scope, read page by page from Cloud Asset Inventory and kept on disk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import anyio

from servers.gcp.inventory.assets import PROJECT, Asset, listed, resource_of, searched
from servers.gcp.inventory.table import resource_types
from servers.gcp.live import Live
from servers.gcp.scopes import scopes_of
from servers.kit.live.inventory.port import LiveInventory
from servers.kit.live.inventory.refusals import EVERY_TYPE, Place, Refusal
from servers.kit.live.inventory.snapshot import Sink
from servers.kit.live.threads import off_loop
from shared_models.errors import FinOpsError, PermissionDeniedError
from shared_models.inventory import Resource, ResourceType

_LIST: Final = "cloudasset.list_assets"
_MOST_LISTED: Final = 1_000
_MOST_SEARCHED: Final = 500
_AT_ONCE: Final = 500


def inventory(live: Live) -> LiveInventory[tuple[str, ...]]:
    """The port."""
    return LiveInventory("gcp", AssetReader(live), live.folder / "live" / "inventory", live.clock)


class AssetReader:
    """Reads each scope once. One that refuses its assets' contents is searched instead, without facts."""

    def __init__(self, live: Live) -> None:
        self._live = live

    @property
    def kinds(self) -> Mapping[str, ResourceType]:
        """Asset type -> its kind; every type that the table does not name is of the kind `other`."""
        return {**{name: row.kind for name, row in resource_types().items()}, "other": ResourceType.OTHER}

    async def scope(self) -> tuple[str, ...]:
        """The organisations, folders or projects that are looked through."""
        return await off_loop(scopes_of, self._live)

    async def read(self, kinds: Sequence[ResourceType], scope: tuple[str, ...], sink: Sink) -> tuple[Refusal, ...]:
        """Write every resource of some kinds into the sink; what comes back is what stayed unknown."""
        types = self._types(kinds)
        refusals: list[Refusal] = []
        async with anyio.create_task_group() as group:
            for one in scope:
                group.start_soon(self._one, one, types, sink, refusals)
        return tuple(refusals)

    def _types(self, kinds: Sequence[ResourceType]) -> tuple[str, ...]:
        """The asset types of some kinds; none stands for all, which only some cannot name."""
        if ResourceType.OTHER in kinds:
            return ()
        return tuple(name for name, row in resource_types().items() if row.kind in kinds)

    async def _one(self, scope: str, types: tuple[str, ...], sink: Sink, refusals: list[Refusal]) -> None:
        refusals += await off_loop(self._scope, scope, types, sink)

    def _scope(self, scope: str, types: tuple[str, ...], sink: Sink) -> list[Refusal]:
        """What one scope refused; blocking."""
        projects: dict[str, str] = {}
        written = 0
        try:
            try:
                own = self._listed(scope, (PROJECT,))
                projects |= {str(one.data.get("projectNumber")): str(one.data.get("projectId")) for one in own}
                for count in _write(self._listed(scope, types), projects, sink):
                    written += count
            except PermissionDeniedError as error:
                projects |= dict(map(_named, self._searched(scope, (PROJECT,))))
                for count in _write(self._searched(scope, types), projects, sink):
                    written += count
                return [Refusal.of(error, EVERY_TYPE, _place(scope), _LIST, aspect="sizes, attachments and facts")]
        except FinOpsError as error:
            # What was kept of these projects before stays: nobody knows which of their assets did not come.
            places = [Place(account=one) for one in sorted(set(projects.values()))] or [_place(scope)]
            first = Refusal.of(error, EVERY_TYPE, places[0], _LIST, found=written)
            return [first, *(Refusal.of(error, EVERY_TYPE, place, _LIST) for place in places[1:])]
        return []

    def _listed(self, scope: str, types: tuple[str, ...]) -> Iterator[Asset]:
        asked = {"parent": scope, "content_type": "RESOURCE", "page_size": _MOST_LISTED, "asset_types": list(types)}
        return map(listed, self._live.items("cloudasset", "list_assets", asked, "assets", on=scope))

    def _searched(self, scope: str, types: tuple[str, ...]) -> Iterator[Asset]:
        asked = {"scope": scope, "page_size": _MOST_SEARCHED, "asset_types": list(types)}
        return map(searched, self._live.items("cloudasset", "search_all_resources", asked, "results", on=scope))


def _place(scope: str) -> Place:
    """A project by its id, as resources name it; other scopes by their resource name."""
    return Place(account=scope.removeprefix("projects/"))


def _write(assets: Iterable[Asset], projects: Mapping[str, str], sink: Sink) -> Iterator[int]:
    """Write assets, a few hundred at once; yields how many were written. What came before an error is written too."""
    batch: list[Resource] = []
    try:
        for asset in assets:
            batch.append(resource_of(asset, projects))
            if len(batch) == _AT_ONCE:
                sink.write(batch)
                yield len(batch)
                batch = []
    except FinOpsError:
        sink.write(batch)
        yield len(batch)
        raise
    sink.write(batch)
    yield len(batch)


def _named(project: Asset) -> tuple[str, str]:
    """(number, id) of a project that was searched for."""
    return str(project.project), str(project.data.get("projectId") or project.name.rpartition("/")[2])
