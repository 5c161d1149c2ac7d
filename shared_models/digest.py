"""Digests: what a content is known by. Equal contents have equal digests; a short one names what need not be secret."""

import hashlib
import json
from typing import Final

_ALL: Final = 64


def digest_of(content: str | bytes, letters: int = _ALL) -> str:
    """The first hexadecimal letters of a content's SHA-256, all 64 where no number is given."""
    data = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()[:letters]


def digest_of_json(value: object, letters: int = _ALL) -> str:
    """The same of a value as JSON, whatever the order of its keys; what JSON does not know counts as its text."""
    return digest_of(json.dumps(value, sort_keys=True, default=str, separators=(",", ":")), letters)
