"""What a live cloud tells the launcher's doctor: whether it is on, what is set, what is wrong offline, what sets it up.

Each cloud that answers live has `servers.<cloud>.setup.live_setup() -> LiveSetup`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """What a printed document is made for; null where nobody said it and no live question could tell."""

    storage: str | None = None
    """Where bills are to be delivered: a bucket, a storage account."""
    principal: str | None = None
    """Who is to read: as the cloud names principals."""
    partition: str | None = None


@dataclass(frozen=True)
class LiveSetup:
    """One cloud's live half as its settings have it; nothing in it is a secret, and nothing asks the cloud."""

    switch: str
    on: bool
    documents: Mapping[str, Callable[[Wanted], str]]
    """What `skyledger doctor <cloud> --print NAME` prints, by name."""
    said: tuple[str, ...] = ()
    """The settings in a few words each."""
    wrong: tuple[str, ...] = ()
    """What cannot work, each with what to do."""
