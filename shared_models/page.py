"""Pages: one envelope for every list, with an opaque cursor bound to its question and its snapshot."""

import base64
import binascii
import zlib

from shared_models.base import WireModel
from shared_models.digest import digest_of_json
from shared_models.errors import CursorError


class Pagination(WireModel):
    """Where the next page starts, and how many items there are in all where that is known."""

    next_cursor: str | None = None
    has_more: bool = False
    total_estimate: int | None = None


def question_digest(*question: object) -> str:
    """A short digest of a question, so that a cursor cannot be used for another one."""
    return digest_of_json(question, 12)


def encode_cursor(offset: int, *, digest: str, snapshot: str) -> str:
    """An opaque cursor: where to go on, in which snapshot, for which question."""
    body = f"{offset}:{digest}:{snapshot}".encode()
    return base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).decode().rstrip("=")


def decode_cursor(cursor: str | None, *, digest: str) -> tuple[int, str | None]:
    """The offset and the snapshot of a cursor; (0, None) without one.

    Raises:
        CursorError: it is damaged or belongs to another question.

    """
    if cursor is None:
        return 0, None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        check, body = raw[:4], raw[4:]
        offset, of, snapshot = body.decode().split(":", 2)
        start = int(offset)
    except (binascii.Error, ValueError):
        raise CursorError("This cursor is not one of ours.") from None
    if zlib.crc32(body).to_bytes(4, "big") != check or start < 0:
        raise CursorError("This cursor is damaged.")
    if of != digest:
        raise CursorError
    return start, snapshot
