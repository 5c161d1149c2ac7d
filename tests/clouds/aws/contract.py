"""Does a request or a reply keep the vendor's own model: types, required and unknown members, enums, patterns, sizes.

botocore's validator ignores enums, patterns and, for replies, unknown members; this walks the shapes itself.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache

from botocore.model import Shape

_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (float, int),
    "float": (float, int),
    "boolean": (bool,),
    "timestamp": (datetime,),
    "blob": (bytes, str),
    "structure": (dict,),
    "map": (dict,),
    "list": (list, tuple),
}


def violations(shape: Shape | None, value: object, at: str = "") -> Iterator[str]:
    """Each place where the value breaks its shape, as `path: what is wrong`."""
    if shape is None:
        if value:
            yield f"{at or '.'}: members although the model has none"
        return
    kinds = _KINDS.get(shape.type_name, (object,))
    if not isinstance(value, kinds) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{at or '.'}: {type(value).__name__} where the model says {shape.type_name}"
        return
    yield from _sizes(shape, value, at)
    if shape.type_name == "structure":
        yield from _structure(shape, value, at)
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            yield from violations(shape.member, item, f"{at}[{number}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from violations(shape.key, key, f"{at}.key")
            yield from violations(shape.value, item, f"{at}.{key}")
    elif shape.type_name == "string":
        yield from _text(shape, value, at)


def _structure(shape: Shape, value: Mapping[str, object], at: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{at}.{name}: required"
    if shape.is_tagged_union and len([name for name in value if value[name] is not None]) != 1:
        yield f"{at or '.'}: a union takes exactly one member"
    for name, item in value.items():
        if name not in shape.members:
            yield f"{at}.{name}: unknown member"
        elif item is None:
            yield f"{at}.{name}: null"
        else:
            yield from violations(shape.members[name], item, f"{at}.{name}")


def _text(shape: Shape, value: str, at: str) -> Iterator[str]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{at}: {value!r} is none of {', '.join(allowed)[:200]}"
    pattern = _compiled(shape.metadata.get("pattern"))
    if pattern and not pattern.fullmatch(value):
        yield f"{at}: {value!r} does not match {pattern.pattern}"


def _sizes(shape: Shape, value: object, at: str) -> Iterator[str]:
    size = value if isinstance(value, int | float) else len(value) if hasattr(value, "__len__") else None
    if size is None or isinstance(value, bool):
        return
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{at}: {size} is below {least}"
    if most is not None and size > most:
        yield f"{at}: {size} is above {most}"


@cache
def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """The model's pattern, which the services match whole; None where Python cannot read it (classes of Java)."""
    try:
        return re.compile(pattern, re.DOTALL) if pattern else None
    except re.error:
        return None
