"""Times, texts and tags of a cloud's answers in one form, whichever way its API writes them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

_MILLISECONDS_FROM: Final = 100_000_000_000
"""A number of seconds this large would be in the year 5138: it counts milliseconds."""


def tags_of(said: Any) -> dict[str, str]:
    """Tags from a map, or from a list of pairs under any of the names that AWS gives them."""
    if isinstance(said, Mapping):
        return {str(key): str(value) for key, value in cast("Mapping[str, Any]", said).items()}
    tags: dict[str, str] = {}
    for pair in cast("Iterable[Mapping[str, Any]]", said or ()):
        lowered = {name.lower().removeprefix("tag"): value for name, value in pair.items()}
        if lowered.get("key") is not None:
            tags[str(lowered["key"])] = str(lowered.get("value") or "")
    return tags


def text(value: Any) -> str | None:
    """A value as text: lists joined by commas, truth in lower case, times in ISO 8601; null where there is nothing."""
    if value is None or (isinstance(value, (str, list)) and not value):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (list, tuple)):
        parts = [text(one) for one in cast("Iterable[Any]", value)]
        return ",".join(part for part in parts if part is not None)
    return str(value)


def instant(value: Any) -> datetime | None:
    """A time from a time, a number of seconds or milliseconds, or ISO 8601 text; null where it is none of them."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, (int, float)) or (isinstance(value, str) and value.replace(".", "", 1).isdecimal()):
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds, UTC)
    try:
        return instant(datetime.fromisoformat(str(value)))
    except ValueError:
        return None
