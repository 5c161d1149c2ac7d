"""Native bill formats of Google Cloud."""

from typing import Final

from servers.kit.exports.native import NativeFormat

NATIVE_FORMATS: Final[tuple[NativeFormat, ...]] = ()
