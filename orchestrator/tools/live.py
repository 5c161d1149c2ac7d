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
from shared_models.coverage import Coverage, Gap
from shared_models.errors import CursorError, InvalidArgumentError, near_matches
from shared_models.page import Pagination


class Paged(Protocol):
    """What the pages of all datasets share."""

    @property
    def pagination(self) -> Pagination: ...


Page = TypeVar("Page", bound=BaseModel)


@dataclass(frozen=True)
class LivePages(Generic[Page]):
    """The pages by cloud, who answered, and the cursor over all clouds that have more."""

    pages: Mapping[str, Page]
    coverage: Coverage
    next_cursor: str | None


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
    names = _providers(deps, providers)
    cursors = _decode(cursor, tool)
    pages: dict[str, Page] = {}
    gaps: list[Gap] = []
    wanted = [name for name in names if cursor is None or name in cursors]
    await ctx.report_progress(0, len(wanted), "asking the clouds")
    by_cursor = [(name, {**arguments, "limit": limit, **_cursor(cursors, name)}) for name in wanted]
    same = {json.dumps(given, sort_keys=True) for _, given in by_cursor}
    groups = [(wanted, by_cursor[0][1])] if len(same) == 1 else [([name], given) for name, given in by_cursor]
    for members, given in groups:
        answers = await deps.federation.ask_all(
            tool, given, model, deadline=deps.settings.deadline_seconds, only=members, tick=ctx.report_progress
        )
        pages.update(answers.items)
        gaps += answers.coverage.gaps
    following = {name: cast("Paged", page).pagination.next_cursor for name, page in pages.items()}
    more = {name: found for name, found in following.items() if found}
    coverage = Coverage(complete=not gaps, answered=tuple(pages), gaps=tuple(gaps))
    return LivePages(pages, coverage, _encode(more, tool) if more else None)


def _providers(deps: Deps, providers: Sequence[str] | None) -> list[str]:
    known = deps.federation.names
    for name in providers or ():
        if name not in known:
            near = near_matches(name, known) or list(known)
            raise InvalidArgumentError(
                "providers", f"There is no cloud server {name!r}.", hint=f"Known: {', '.join(near)}."
            )
    return [name for name in known if not providers or name in providers]


def _cursor(cursors: Mapping[str, str], name: str) -> dict[str, str]:
    return {"cursor": cursors[name]} if name in cursors else {}


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
