"""What goes over the wire between an SDK and an endpoint, whatever the cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One HTTP request; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Reply:
    """One HTTP reply."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
