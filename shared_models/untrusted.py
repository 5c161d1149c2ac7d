"""Text from a bill is data: it is shown with its invisible characters made visible, and never obeyed."""

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def safe_text(text: str) -> str:
    """The text with control, format (bidi, zero-width) and private characters escaped; ordinary text is unchanged."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{ord(letter):04x}" if unicodedata.category(letter) in _HIDDEN else letter for letter in text)
