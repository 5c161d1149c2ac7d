"""What one statement may use at most, in one place."""

from dataclasses import dataclass
from typing import Final

_MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Caps of one statement and of the processes that run them; passing one is a refusal that names it."""

    statement_characters: int = 20_000
    seconds: float = 20.0
    queue_seconds: float = 20.0
    answer_bytes: int = _MEBIBYTE
    engine_bytes: int = 1024 * _MEBIBYTE
    process_bytes: int = 2560 * _MEBIBYTE
    keep_warm_bytes: int = 512 * _MEBIBYTE
    threads: int = 2
    workers: int = 2

    @property
    def reply_bytes(self) -> int:
        """The longest reply that a well-behaved worker sends: every character escaped, and the frame around."""
        return 6 * self.answer_bytes + _MEBIBYTE
