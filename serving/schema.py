"""JSON schemas as small as they can be: no generated titles, null unions or references, which some clients reject."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, cast

_NAMED_ONLY: Final = frozenset({"Freshness", "Gap"})
"""Parts of nearly every answer, whose fields say what they hold: no tool repeats them."""
_REFERENCE: Final = re.compile(r'"#/\$defs/([^"]+)"')


def slim_input(schema: Mapping[str, Any]) -> dict[str, Any]:
    """An input schema that stands on its own: slim, every reference replaced by what it refers to.

    `additionalProperties: false` goes too: what a schema does not name is refused whether or not it says so.
    """
    slimmed = slim(schema)
    definitions = slimmed.pop("$defs", {})
    return cast("dict[str, Any]", _inlined(slimmed, definitions))


def slim(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without `title`s that pydantic generated, and with optional fields as their plain type."""
    return cast("dict[str, Any]", _slim(dict(schema), in_properties=False))


def slim_output(schema: Mapping[str, Any]) -> dict[str, Any]:
    """An output schema without prose and lists of values: names say what fields hold, and tools repeat shared parts.

    What is referred to once stands where it is used; a definition of its own would only cost its name twice. The items
    of gaps and of freshness are objects whose fields are left to the answer.
    """
    slimmed = cast("dict[str, Any]", _without_prose(slim(schema), in_properties=False))
    definitions = {
        name: {"type": "object"} if name in _NAMED_ONLY else body for name, body in slimmed.pop("$defs", {}).items()
    }
    uses = Counter(_REFERENCE.findall(json.dumps([slimmed, definitions])))
    once = {name: body for name, body in definitions.items() if uses[name] == 1}
    shared = {name: _inlined(body, once) for name, body in definitions.items() if uses[name] > 1}
    inlined = cast("dict[str, Any]", _inlined(slimmed, once))
    return {"$defs": shared, **inlined} if shared else inlined


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    """None of our models is recursive, so this ends."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    found = cast("dict[str, Any]", node)
    name = str(found.get("$ref", "")).removeprefix("#/$defs/")
    if name in definitions:
        beside = {key: value for key, value in found.items() if key != "$ref"}
        return _inlined({**definitions[name], **beside}, definitions)
    return {
        key: _undescribed(_inlined(value, definitions)) if key == "items" else _inlined(value, definitions)
        for key, value in found.items()
        if not (key == "additionalProperties" and isinstance(value, bool))
    }


def _undescribed(items: Any) -> Any:
    """The list that holds the items is described; its items are not once more."""
    if not isinstance(items, dict):
        return items
    return {key: value for key, value in cast("dict[str, Any]", items).items() if key != "description"}


def _without_prose(node: Any, *, in_properties: bool) -> Any:
    if isinstance(node, list):
        return [_without_prose(item, in_properties=False) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    found = cast("dict[str, Any]", node)
    return {
        key: _without_prose(value, in_properties=key in {"properties", "$defs"})
        for key, value in found.items()
        if in_properties
        or key not in {"description", "pattern", "additionalProperties", "default", "enum", "format", "required"}
        or (key == "additionalProperties" and isinstance(value, dict))
    }


def _slim(node: Any, *, in_properties: bool) -> Any:
    if isinstance(node, list):
        return [_slim(item, in_properties=False) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    found = cast("dict[str, Any]", node)
    if in_properties:
        return {name: _slim(value, in_properties=False) for name, value in found.items()}
    return {
        key: _kept_null(value) if key == "items" else _slim(value, in_properties=key in {"properties", "$defs"})
        for key, value in _without_null(found).items()
        if key != "title" and not (key == "default" and value is None)
    }


def _kept_null(items: Any) -> Any:
    """An element of a list may be null (a group without a value): only optional fields lose their null."""
    if isinstance(items, dict) and "anyOf" in items:
        options = cast("dict[str, Any]", items)["anyOf"]
        return {"anyOf": [_slim(option, in_properties=False) for option in options]}
    return _slim(items, in_properties=False)


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    options = node.get("anyOf")
    if not isinstance(options, list):
        return node
    kept = [option for option in cast("list[dict[str, Any]]", options) if option.get("type") != "null"]
    if len(kept) != 1:
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return {**kept[0], **rest}
