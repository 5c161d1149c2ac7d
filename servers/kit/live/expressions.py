"""JMESPath over what a cloud's API answered, and templates of names with JMESPath in their holes."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import jmespath
from jmespath import functions

HOLE: Final = re.compile(r"\{([^{}]+)\}")


def fill(template: str, item: Mapping[str, Any], place: Mapping[str, str]) -> str | None:
    """The template with every {expression} replaced by its value in the item; null where one has none."""
    values = {hole: place.get(hole) or search(hole, item) for hole in HOLE.findall(template)}
    if any(value is None or value == "" for value in values.values()):
        return None
    return HOLE.sub(lambda found: _plain(values[found.group(1)]), template)


def search(expression: str, item: Any) -> Any:
    """What a JMESPath expression finds in an item, null where it finds nothing."""
    return compiled(expression).search(item, options=_OPTIONS)


@cache
def compiled(expression: str) -> Any:
    """The parsed expression.

    Raises:
        jmespath.exceptions.ParseError: it is none.

    """
    return jmespath.compile(expression)


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


class _Functions(functions.Functions):
    """JMESPath with what ids need beside the standard functions."""

    @functions.signature({"types": ["string", "null"]})
    def _func_last_part(self, text: str | None) -> str | None:
        """What stands after the last slash."""
        return text.rsplit("/", 1)[-1] if text else None


_OPTIONS: Final = jmespath.Options(custom_functions=_Functions())
