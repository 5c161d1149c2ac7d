"""What a cloud server's tools work with, and the envelope that their pages share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import Field

from servers.kit.ports import Cloud, Pages
from servers.kit.settings import Settings
from shared_models.coverage import Coverage, Gap
from shared_models.errors import CursorError
from shared_models.page import Pagination, decode_cursor, encode_cursor, question_digest

Item = TypeVar("Item")
Cursor = Annotated[str | None, Field(description="next_cursor of the page before")]
Limit = Annotated[int, Field(ge=1, le=200, description="Items per page")]


@dataclass(frozen=True)
class Deps:
    """One cloud, the server's settings, the clock."""

    cloud: Cloud
    settings: Settings
    clock: Callable[[], datetime]
    version: str


async def page_of(
    deps: Deps, pages: Pages[Item], conditions: Mapping[str, object], cursor: str | None, limit: int, tool: str
) -> tuple[tuple[Item, ...], Pagination, Coverage]:
    """One page with its cursor and coverage.

    Raises:
        CursorError: the cursor belongs to another question, or what it continues was read again since.
        SourceNotEnabledError: the cloud's source does not have this dataset.

    """
    digest = question_digest(deps.cloud.name, tool, dict(conditions))
    offset, begun = decode_cursor(cursor, digest=digest)
    found = await pages.page(conditions, offset=offset, limit=limit)
    if begun is not None and begun != found.snapshot:
        raise CursorError("This cursor has expired: what it continues was read again since.")
    paging = pagination(offset, limit, found.total, digest, found.snapshot)
    return found.items, paging, answered(deps, found.gaps)


def pagination(offset: int, limit: int, total: int, digest: str, snapshot: str = "live") -> Pagination:
    """The pagination after a page."""
    more = offset + limit < total
    return Pagination(
        next_cursor=encode_cursor(offset + limit, digest=digest, snapshot=snapshot) if more else None,
        has_more=more,
        total_estimate=total,
    )


def answered(deps: Deps, gaps: tuple[Gap, ...] = ()) -> Coverage:
    """The coverage of one cloud that answered, but for these gaps."""
    return Coverage(complete=not gaps, answered=(deps.cloud.name,), gaps=gaps)
