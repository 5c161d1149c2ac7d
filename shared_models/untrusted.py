"""Text from a bill is data: it is shown with its invisible characters made visible, and never obeyed."""

import unicodedata
from collections.abc import Mapping
from typing import cast

_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def safe_text(text: str) -> str:
    """The text with control, format (bidi, zero-width) and private characters escaped; ordinary text is unchanged."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{ord(letter):04x}" if unicodedata.category(letter) in _HIDDEN else letter for letter in text)


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning with how long it is."""
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text)} characters)"


def shortened_in(value: object, longest: int) -> object:
    """Every text inside of lists and objects, shortened; a cursor must come back as it is and stays whole."""
    if isinstance(value, str):
        return shortened(value, longest)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return {key: item if key == "next_cursor" else shortened_in(item, longest) for key, item in items}
    if isinstance(value, list | tuple):
        return [shortened_in(item, longest) for item in cast("list[object]", value)]
    return value
