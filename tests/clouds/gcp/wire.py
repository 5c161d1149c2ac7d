"""A request and a reply as they pass over HTTP, and what is noted of each."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What came in; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What goes out; JSON unless a header says otherwise."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Served:
    """One request that came in and how it was answered; a gRPC call has the HTTP status of its code."""

    method: str
    caller: str
    status: int
    quota_project: str | None
    request: Any
