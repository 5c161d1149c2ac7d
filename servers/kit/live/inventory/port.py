"""The inventory port: what is fresh enough is answered from disk, the rest is read again first."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import anyio
import anyio.to_thread

from servers.kit.live.inventory.refusals import Refusal, gaps_of
from servers.kit.live.inventory.snapshot import Kept, Sink, Snapshot, new_file, scope_digest
from servers.kit.ports import Slice
from shared_models.digest import digest_of_json
from shared_models.inventory import Resource, ResourceType

FRESH_FOR: Final = timedelta(minutes=30)
Scope = TypeVar("Scope")


class Reader(Protocol[Scope]):
    """How a cloud is looked through."""

    @property
    def kinds(self) -> Mapping[str, ResourceType]:
        """Native type -> its kind, of every type that can be found; what one type is refused concerns one kind."""
        ...

    def scope(self) -> Awaitable[Scope]:
        """What is looked at; it may ask the cloud."""
        ...

    async def read(self, kinds: Sequence[ResourceType], scope: Scope, sink: Sink) -> tuple[Refusal, ...]:
        """Write every resource of some kinds into the sink; what comes back is everything that stayed unknown."""
        ...


class LiveInventory(Generic[Scope]):
    """Resources of everything in scope, kept in a folder between questions."""

    def __init__(
        self,
        source: str,
        reader: Reader[Scope],
        folder: Path,
        clock: Callable[[], datetime],
        *,
        fresh_for: timedelta = FRESH_FOR,
    ) -> None:
        """`source` is the cloud's name in gaps."""
        self._source = source
        self._reader = reader
        self._snapshot = Snapshot(folder)
        self._clock = clock
        self._fresh_for = fresh_for
        self._reading = anyio.Lock()
        self._oldest: datetime | None = None

    @property
    def fetched_at(self) -> datetime | None:
        """When the oldest part of the last answer was read."""
        return self._oldest

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[Resource]:
        """Resources that meet the conditions, with a gap for everything that stayed unknown.

        A first page reads again what is too old; the following ones stay with what the first one saw.

        Raises:
            LedgerUnavailableError: the disk refused.

        """
        asked = conditions.get("resource_type")
        kinds = [kind for kind in dict.fromkeys(self._reader.kinds.values()) if asked in {None, kind.value}]
        if not kinds:
            return Slice((), 0)
        scope = await self._reader.scope()
        async with self._reading:
            stale = await anyio.to_thread.run_sync(self._stale, kinds, scope, offset)
            if stale:
                await self._read(stale, scope)
        return await anyio.to_thread.run_sync(self._answer, kinds, dict(conditions), offset, limit)

    def _stale(self, kinds: Sequence[ResourceType], scope: Scope, offset: int) -> list[ResourceType]:
        oldest = self._clock() - self._fresh_for
        kept = {kind: self._snapshot.kept(kind) for kind in kinds}
        return [
            kind
            for kind, found in kept.items()
            if found is None or found.scope != scope_digest(scope) or (offset == 0 and found.fetched_at <= oldest)
        ]

    async def _read(self, kinds: Sequence[ResourceType], scope: Scope) -> None:
        by_type = self._reader.kinds
        with self._snapshot.spool() as spool:
            refusals = await self._reader.read(kinds, scope, spool)
            spool.close()
            now = self._clock()
            for kind in kinds:
                # What is said of no one type (an account whose regions are unknown) concerns every kind.
                own = tuple(one for one in refusals if by_type.get(one.native_type, kind) is kind)
                kept = Kept(file=new_file(kind), scope=scope_digest(scope), fetched_at=now, refusals=own)
                await anyio.to_thread.run_sync(self._snapshot.replace, kind, spool, kept)

    def _answer(
        self, kinds: Sequence[ResourceType], conditions: Mapping[str, object], offset: int, limit: int
    ) -> Slice[Resource]:
        kept = [found for kind in kinds if (found := self._snapshot.kept(kind)) is not None]
        self._oldest = min((one.fetched_at for one in kept), default=None)
        found = self._snapshot.page(kept, conditions, offset=offset, limit=limit)
        refusals = dict.fromkeys(refusal for one in kept for refusal in one.refusals)
        snapshot = digest_of_json([one.file for one in kept], 12)
        return Slice(found.items, found.total, gaps_of(refusals, self._source), snapshot=snapshot)
