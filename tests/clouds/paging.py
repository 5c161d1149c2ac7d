"""Page tokens that a client can do nothing with but hand back: random, each bound to who asked what."""

import secrets
import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """Where in whose answer a page begins; `request` is the question without its paging, `offset` the first item."""

    operation: str
    caller: str
    request: str
    offset: int
    size: int


@dataclass
class Tokens:
    """The tokens that were issued; a repeated one gives the same page again (retries do)."""

    issued: dict[str, Place] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, place: Place) -> str:
        """New text for the rest of an answer."""
        token = secrets.token_urlsafe(48)
        with self.lock:
            self.issued[token] = place
        return token
