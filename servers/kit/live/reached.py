"""A port that says in each answer which accounts were not looked at: no part passes for the whole company."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from servers.kit.ports import Pages, Slice
from shared_models.coverage import Gap

Item = TypeVar("Item")


class Reached(Generic[Item]):
    """A port whose answers name the accounts that were not looked at."""

    def __init__(self, port: Pages[Item], unreached: Callable[[], Awaitable[tuple[Gap, ...]]]) -> None:
        self._port = port
        self._unreached = unreached

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[Item]:
        """The port's own page, with these gaps beside its own."""
        found = await self._port.page(conditions, offset=offset, limit=limit)
        return replace(found, gaps=(*found.gaps, *await self._unreached()))
