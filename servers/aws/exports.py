"""Native bill formats of Amazon Web Services."""

from typing import Final

from servers.kit.exports.native import NativeFormat

NATIVE_FORMATS: Final[tuple[NativeFormat, ...]] = ()
