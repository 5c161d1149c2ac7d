"""Live pages over all clouds: one question to every cloud server, one cursor over all of them."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from mcp.server.mcpserver import Context
from pydantic import BaseModel

from orchestrator.deps import Deps
from serving.heartbeat import heartbeat
from shared_models.coverage import Coverage, Freshness
from shared_models.errors import CursorError, InvalidArgumentError, near_matches
from shared_models.page import Pagination


class Paged(Protocol):
    """What the pages of all datasets share."""

    @property
    def pagination(self) -> Pagination: ...
    @property
    def freshness(self) -> tuple[Freshness, ...]: ...


Page = TypeVar("Page", bound=BaseModel)


@dataclass(frozen=True)
class LivePages(Generic[Page]):
    """The pages by cloud, who answered, how old it is, and the cursor over all clouds that have more."""

    pages: Mapping[str, Page]
    coverage: Coverage
    pagination: Pagination
    freshness: tuple[Freshness, ...]


async def live_page(
    deps: Deps,
    ctx: Context,
    tool: str,
    arguments: Mapping[str, Any],
    model: type[Page],
    providers: Sequence[str] | None,
    limit: int,
    cursor: str | None,
) -> LivePages[Page]:
    """Ask every cloud (or those that still have pages) for its next page.

    Raises:
        InvalidArgumentError: a provider that is not configured.
        CursorError: the cursor is not one of ours.

    """
    names = providers_of(deps, providers)
    cursors = _decode(cursor, tool)
    wanted = [name for name in names if cursor is None or name in cursors]
    async with heartbeat(ctx, every=deps.settings.heartbeat_seconds, said="asking the clouds") as report:
        answers = await deps.federation.ask_all(
            tool,
            {**arguments, "limit": limit},
            model,
            deadline=deps.settings.deadline_seconds,
            only=wanted,
            each={name: {"cursor": found} for name, found in cursors.items()},
            tick=report,
        )
    pages = {name: cast("Paged", page) for name, page in answers.items.items()}
    more = {name: found for name, page in pages.items() if (found := page.pagination.next_cursor)}
    pagination = Pagination(
        next_cursor=_encode(more, tool) if more else None,
        has_more=bool(more),
        total_estimate=sum(page.pagination.total_estimate or 0 for page in pages.values()),
    )
    freshness = tuple(fresh for page in pages.values() for fresh in page.freshness)
    return LivePages(answers.items, answers.coverage, pagination, freshness)


def providers_of(deps: Deps, providers: Sequence[str] | None) -> list[str]:
    """The clouds that are meant: those named, or all.

    Raises:
        InvalidArgumentError: a provider that is not configured.

    """
    known = deps.federation.names
    for name in providers or ():
        if name not in known:
            near = near_matches(name, known) or list(known)
            raise InvalidArgumentError(
                "providers", f"There is no cloud server {name!r}.", hint=f"Known: {', '.join(near)}."
            )
    return [name for name in known if not providers or name in providers]


def _encode(cursors: Mapping[str, str], tool: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([tool, cursors]).encode()).decode().rstrip("=")


def _decode(cursor: str | None, tool: str) -> dict[str, str]:
    if cursor is None:
        return {}
    try:
        of, cursors = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise CursorError("This cursor is not one of ours.") from None
    if of != tool or not isinstance(cursors, dict):
        raise CursorError
    return {str(name): str(value) for name, value in cast("dict[object, object]", cursors).items()}
