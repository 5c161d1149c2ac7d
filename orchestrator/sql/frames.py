"""The protocol between a worker and its parent: JSON objects, each behind its length."""

import json
import struct
from typing import BinaryIO, Final, cast

_LENGTH: Final = struct.Struct(">I")


class BrokenFrameError(Exception):
    """The other side ended, or did not keep to the protocol."""


def write_frame(stream: BinaryIO, message: dict[str, object]) -> None:
    """Send one object. Raises OSError where the other side is gone."""
    body = json.dumps(message).encode("ascii")
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def read_frame(stream: BinaryIO, most: int) -> dict[str, object]:
    """The next object.

    Raises:
        BrokenFrameError: the stream ended, or what came is no object or longer than `most` bytes.

    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise BrokenFrameError
    (length,) = _LENGTH.unpack(head)
    if length > most:
        raise BrokenFrameError
    body = stream.read(length)
    try:
        message: object = json.loads(body)
    except ValueError as error:
        raise BrokenFrameError from error
    if len(body) < length or not isinstance(message, dict):
        raise BrokenFrameError
    return cast("dict[str, object]", message)
