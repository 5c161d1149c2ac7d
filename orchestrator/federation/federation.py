"""Ask every cloud at once; a cloud that is dead, slow or refusing is a labelled gap, never a failure of the whole."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup
from mcp.types import BlobResourceContents, TextResourceContents
from pydantic import BaseModel, ValidationError

from orchestrator.federation.failure import UpstreamFailure
from orchestrator.federation.upstream import Upstream
from shared_models.coverage import Coverage, Gap

Answer = TypeVar("Answer", bound=BaseModel)
Tick = Callable[[int, int, str], Awaitable[None]]


@dataclass(frozen=True)
class Answers(Generic[Answer]):
    """What the clouds said, by provider, and who did not."""

    items: Mapping[str, Answer]
    coverage: Coverage


class Federation:
    """The upstream servers of one orchestrator. Open it once; its tasks end with it."""

    def __init__(self, upstreams: Sequence[Upstream]) -> None:
        self._upstreams = {upstream.name: upstream for upstream in upstreams}
        self._tasks: TaskGroup | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The providers, in configuration order."""
        return tuple(self._upstreams)

    def states(self) -> dict[str, tuple[bool, str | None]]:
        """Per provider: connected now, and the kind of the last error."""
        return {name: (upstream.connected, upstream.last_error) for name, upstream in self._upstreams.items()}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Federation", None]:
        """Hold the owner tasks. May be entered again while it is held: an in-process client enters its server twice."""
        if self._tasks is not None:
            yield self
            return
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                yield self
            finally:
                self._tasks = None
                with anyio.CancelScope(shield=True):
                    async with anyio.create_task_group() as stopping:
                        for upstream in self._upstreams.values():
                            stopping.start_soon(upstream.stop)
                tasks.cancel_scope.cancel()

    async def ask_all(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        model: type[Answer],
        *,
        deadline: float,
        only: Sequence[str] | None = None,
        each: Mapping[str, Mapping[str, Any]] | None = None,
        tick: Tick | None = None,
    ) -> Answers[Answer]:
        """Call `<provider>_<tool>` on every upstream at once, and collect answers and gaps.

        `each` holds arguments for one provider besides those for all.
        """
        names = [name for name in self.names if only is None or name in only]
        items: dict[str, Answer] = {}
        gaps: dict[str, Gap] = {}

        async def ask(name: str) -> None:
            try:
                given = {**arguments, **(each or {}).get(name, {})}
                items[name] = await self.ask_one(name, tool, given, model, deadline=deadline)
            except UpstreamFailure as failure:
                gaps[name] = failure.gap
            if tick:
                await tick(len(items) + len(gaps), len(names), name)

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(ask, name)
        coverage = Coverage(
            complete=not gaps,
            answered=tuple(name for name in names if name in items),
            gaps=tuple(gaps[name] for name in names if name in gaps),
        )
        return Answers({name: items[name] for name in names if name in items}, coverage)

    async def ask_one(
        self, name: str, tool: str, arguments: Mapping[str, Any], model: type[Answer], *, deadline: float
    ) -> Answer:
        """Call one upstream's tool. A field that only a newer server knows is left out, not an outage.

        Raises:
            UpstreamFailure: it did not answer as it should.

        """
        result = await self._upstreams[name].call(self._running(), f"{name}_{tool}", arguments, deadline=deadline)
        try:
            return model.model_validate(result.structured_content, extra="ignore")
        except ValidationError as error:
            raise UpstreamFailure.malformed(name) from error

    async def read(
        self, name: str, uri: str, *, deadline: float
    ) -> Sequence[TextResourceContents | BlobResourceContents]:
        """Read one upstream's resource.

        Raises:
            UpstreamFailure: it could not be read.

        """
        return (await self._upstreams[name].read(self._running(), uri, deadline=deadline)).contents

    def _running(self) -> TaskGroup:
        if self._tasks is None:
            raise UpstreamFailure.unavailable("orchestrator", "it is shutting down")
        return self._tasks
