"""The value formats of FOCUS attributes as conditions in SQL; each is true, false or null for a null value."""

from typing import Final

from servers.kit.conformance.currencies import CURRENCIES
from shared_models.quoting import literal

_NUMBER: Final = r"^-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE]-?[0-9]+)?$"
_MOMENT: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"

_DATA: Final = "|".join([f"{scale}{kind}" for scale in ("", "K", "M", "G", "T", "P", "E") for kind in "bB"])
_BINARY: Final = "|".join([f"{scale}i{kind}" for scale in "KMGTPE" for kind in "bB"])
_TIME: Final = "Year|Month|Day|Hour|Minute|Second"
_TIMES: Final = "|".join(f"{unit}s" for unit in _TIME.split("|"))
_COUNT: Final = "[A-Za-z][A-Za-z0-9]*( [A-Za-z][A-Za-z0-9]*)*"
_ONE: Final = f"({_DATA}|{_BINARY}|{_TIME}|{_TIMES}|{_COUNT})"
_UNIT: Final = f"^(([0-9]+ )?{_ONE}|{_ONE}-({_TIMES})|{_ONE}/({_TIME})|{_ONE}/[0-9]+ ({_TIMES}))$"

_CODES: Final = ", ".join(literal(code) for code in sorted(CURRENCIES))

DAMAGE: Final = "chr(65533)"
"""U+FFFD stands where a reader met bytes that are no Unicode."""


def is_number(text: str) -> str:
    """Whole, decimal or E notation; no plus sign, separator or symbol (NumericFormat)."""
    return f"regexp_matches({text}, {literal(_NUMBER)})"


def is_moment(text: str) -> str:
    """YYYY-MM-DDTHH:mm:ssZ, and a moment that exists (DateTimeFormat)."""
    return f"(regexp_matches({text}, {literal(_MOMENT)}) AND TRY_CAST({text} AS TIMESTAMPTZ) IS NOT NULL)"


def is_unicode(text: str) -> str:
    """Text without the marks of a broken decoding (StringHandling)."""
    return f"NOT (contains({text}, {DAMAGE}) OR contains({text}, chr(0)))"


def is_unit(text: str) -> str:
    """A unit, rate or interval in the words of UnitFormat."""
    return f"regexp_matches({text}, {literal(_UNIT)})"


def is_currency_form(text: str) -> str:
    """Three capital letters (CurrencyFormat)."""
    return f"regexp_matches({text}, '^[A-Z]{{3}}$')"


def is_national_currency(text: str) -> str:
    """A code of ISO 4217."""
    return f"{text} IN ({_CODES})"
