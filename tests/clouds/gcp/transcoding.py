"""REST to protobuf messages and back, by the HTTP rules that google.api.http describes."""

import json
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf import json_format

from tests.clouds.gcp.contract import Method, Rule
from tests.clouds.gcp.errors import GoogleError, invalid

SYSTEM = frozenset({"$alt", "alt", "key", "prettyPrint", "fields", "quotaUser", "$.xgafv", "access_token"})
"""Query parameters that every Google API takes and that no message holds."""


def plain(message: Any) -> Any:
    """The protobuf message inside a proto-plus one."""
    kind = type(message)
    return kind.pb(message) if hasattr(kind, "pb") else message


def read(method: Method, rule: Rule, held: dict[str, str], query: str, body: bytes) -> Any:
    """The request's message, out of path, query and body.

    Raises:
        GoogleError: it says what the message does not have, or has of another type.

    """
    said: dict[str, Any] = json.loads(body) if rule.body and body else {}
    if rule.body and rule.body != "*":
        said = {rule.body: said}
    target = plain(method.request())
    for name, value in held.items():
        _put(said, target.DESCRIPTOR, name, value)
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in SYSTEM:
            _put(said, target.DESCRIPTOR, name, value)
    try:
        json_format.ParseDict(said, target)
    except (json_format.ParseError, ValueError) as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
    return method.request.wrap(target) if hasattr(method.request, "wrap") else target


def _put(said: dict[str, Any], descriptor: Any, dotted: str, value: str) -> None:
    """Set a field that is named in a path or query; repeated ones add up."""
    first, *rest = dotted.split(".")
    field = descriptor.fields_by_camelcase_name.get(first) or descriptor.fields_by_name.get(first)
    if field is None:
        raise invalid(f'Invalid JSON payload received. Unknown name "{dotted}": Cannot bind query parameter.')
    well_known = field.message_type is not None and field.message_type.full_name.startswith("google.protobuf.")
    if rest and field.message_type is not None and not well_known:
        _put(said.setdefault(field.json_name, {}), field.message_type, ".".join(rest), value)
        return
    read_as: Any = value == "true" if field.type == field.TYPE_BOOL else value
    if field.is_repeated:
        said.setdefault(field.json_name, []).append(read_as)
    else:
        said[field.json_name] = read_as


def write(method: Method, reply: Any, query: str) -> bytes:
    """The body of a reply; enums as numbers where the caller asked for them so.

    Raises:
        GoogleError: the handler gave another message than the method's.

    """
    message = plain(reply)
    if not isinstance(message, type(plain(method.reply()))):
        raise GoogleError(
            "INTERNAL", f"FakeContractViolation: {type(reply).__name__} is no reply of {method.name}", status=400
        )
    numbers = "enum-encoding=int" in dict(parse_qsl(query)).get("$alt", "")
    return json_format.MessageToJson(message, use_integers_for_enums=numbers, indent=None).encode()
