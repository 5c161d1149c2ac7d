"""Native bill formats of Microsoft Azure."""

from typing import Final

from servers.kit.exports.native import NativeFormat

NATIVE_FORMATS: Final[tuple[NativeFormat, ...]] = ()
