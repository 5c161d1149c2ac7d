"""Coverage and freshness: who answered, what is missing, how old the data is."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared_models.base import WireModel


class SourceState(StrEnum):
    """How one source fared for one question."""

    OK = "ok"
    PARTIAL = "partial"
    ERROR = "error"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    NOT_OFFERED = "not_offered"


class Gap(WireModel):
    """Something that an answer does not contain, and why."""

    source: str
    state: SourceState
    code: str
    message: str
    hint: str | None = None


class Coverage(WireModel):
    """Who answered; `complete` is true only when nothing that was asked for is missing."""

    complete: bool
    answered: tuple[str, ...]
    gaps: tuple[Gap, ...] = ()


class DatedBy(StrEnum):
    """Who says how old data is."""

    MANIFEST = "manifest"
    FILE_TIME = "file time"


class Freshness(WireModel):
    """How old one source's data is: what the source says, when we fetched it, and where from."""

    source: str
    data_as_of: datetime | None = None
    dated_by: DatedBy | None = Field(default=None, description="A file time is when a copy was written")
    fetched_at: datetime | None = None
    origin: str
