"""What no argument may be, whatever the tool: text that cannot be text, or a truth value where a number belongs."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from shared_models.errors import InvalidArgumentError

LONGEST_TEXT: Final = 10_000
_DEEPEST: Final = 16


def check_arguments(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Check names and values before they are validated.

    Raises:
        InvalidArgumentError: a character that no text has, a text or a nesting beyond all measure, or true and false
            for a number, which pydantic would take for 1 and 0.

    """
    for name, value in arguments.items():
        for text in (*_texts(name, "arguments"), *_texts(value, name)):
            _check_text(text, name if name.isprintable() else "arguments")
        wanted = schema.get("properties", {}).get(name, {}).get("type")
        if isinstance(value, bool) and wanted in {"integer", "number"}:
            raise InvalidArgumentError(name, f"{name} is a number, not true or false.", hint="Give a number.")


def _check_text(text: str, argument: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise InvalidArgumentError(
            argument,
            f"{argument} has {len(text)} characters.",
            hint=f"{LONGEST_TEXT} are the most that a text may have.",
        )
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidArgumentError(
            argument, f"{argument} has a character that is no text (NUL or half a pair).", hint="Leave it out."
        )


def _texts(value: Any, argument: str, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        raise InvalidArgumentError(argument, f"{argument} is nested too deeply.", hint="Give a flatter value.")
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _texts(item, argument, depth + 1)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            yield key
            yield from _texts(item, argument, depth + 1)
