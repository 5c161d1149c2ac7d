"""Google's messages as they are underneath, and their free-form members as plain Python values."""

from typing import Any, cast


def message_of(said: Any) -> Any:
    """The protobuf message inside a client's object: reading it does not copy each member."""
    return cast("Any", type(said)).pb(said)


def plain(value: Any) -> Any:
    """A protobuf Value as Python's own; a number without a fraction is an int."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return plain_of(value.struct_value)
    if kind == "list_value":
        return [plain(one) for one in value.list_value.values]
    if kind is None or kind == "null_value":
        return None
    return whole(getattr(value, kind))


def plain_of(struct: Any) -> dict[str, Any]:
    """A protobuf Struct as a dict."""
    return {key: plain(value) for key, value in struct.fields.items()}


def whole(value: Any) -> Any:
    """A float without a fraction as an int: JSON inside a Struct knows no other numbers than floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
