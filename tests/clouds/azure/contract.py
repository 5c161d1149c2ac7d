"""Does a request or a reply keep the SDK's generated model: types, required and unknown members, known enum values.

The SDKs come in two generations: models of annotated fields (`rest_field`) and models of attribute maps (msrest). Both
become the same small tree here; neither's own parser minds unknown members, enums or, in part, types.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import EnumMeta
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

_SCALARS: Mapping[Any, tuple[type, ...]] = {
    str: (str,), int: (int,), float: (int, float), bool: (bool,), datetime: (str,), date: (str,), time: (str,),
    timedelta: (str,), Decimal: (int, float, str), bytes: (str,),
    "str": (str,), "int": (int,), "long": (int,), "float": (int, float), "bool": (bool,), "iso-8601": (str,),
    "date": (str,), "rfc-1123": (str,), "duration": (str,), "decimal": (int, float), "unix-time": (int,),
}  # fmt: skip


_ALSO: Mapping[str, tuple[str, ...]] = {"GranularityType": ("None",)}
"""Values that the service's own examples use though the SDK does not list them."""


@dataclass(frozen=True)
class Page:
    """A list as Resource Manager pages it: the SDKs have a model for its items only."""

    item: Any


@dataclass(frozen=True)
class _Field:
    kind: Any
    required: bool


def violations(model: Any, value: Any, at: str = "") -> Iterator[str]:
    """Each place where the value breaks its model, as `path: what is wrong`."""
    if isinstance(model, Page):
        yield from _page(model, value, at)
    elif isinstance(model, str) and model not in _SCALARS:
        yield from _written(model, value, at)
    elif get_origin(model) in {Union, UnionType}:
        yield from _either(model, value, at)
    elif get_origin(model) in {list, Literal, dict}:
        yield from _generic(model, value, at)
    elif isinstance(model, EnumMeta):
        allowed = [*(str(one.value) for one in model), *_ALSO.get(model.__name__, ())]
        if not isinstance(value, str) or value.lower() not in {one.lower() for one in allowed}:
            yield f"{at or '.'}: {value!r} is none of {', '.join(allowed)[:200]}"
    elif model in _SCALARS:
        yield from _scalar(model, value, at)
    elif hasattr(model, "_calculated") or hasattr(model, "_attribute_map"):
        yield from _structure(model, value, at)
    elif model is not Any:
        raise TypeError(f"{at}: the contract cannot read {model!r}")


def _page(model: Page, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict) or not isinstance(value.get("value"), list):
        yield f"{at or '.'}: no page of values"
        return
    for number, item in enumerate(value["value"]):
        yield from violations(model.item, item, f"{at}.value[{number}]")
    if not isinstance(value.get("nextLink"), str | None):
        yield f"{at}.nextLink: {type(value['nextLink']).__name__} where the model says str"
    for name in value.keys() - {"value", "nextLink"}:
        yield f"{at}.{name}: unknown member"


def _scalar(model: Any, value: Any, at: str) -> Iterator[str]:
    wanted = _SCALARS[model]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield f"{at or '.'}: {type(value).__name__} where the model says {getattr(model, '__name__', model)}"
    elif model in {datetime, date, "iso-8601", "date"}:
        try:
            datetime.fromisoformat(value[:26].rstrip("Z") if "." in value else value)
        except ValueError:
            yield f"{at or '.'}: {value!r} is no time"


def _either(model: Any, value: Any, at: str) -> Iterator[str]:
    kinds = [kind for kind in get_args(model) if kind is not NoneType]
    if value is None and len(kinds) < len(get_args(model)):
        return
    closed = [kind for kind in kinds if isinstance(kind, EnumMeta)]
    tried = [list(violations(kind, value, at)) for kind in closed or kinds]
    if all(tried):
        yield from min(tried, key=len)


def _generic(model: Any, value: Any, at: str) -> Iterator[str]:
    arguments = get_args(model)
    if get_origin(model) is Literal:
        if value not in {getattr(one, "value", one) for one in arguments}:
            yield f"{at}: {value!r} is none of {arguments}"
    elif get_origin(model) is list:
        if not isinstance(value, list):
            yield f"{at or '.'}: {type(value).__name__} where the model says list"
            return
        for number, item in enumerate(value):
            yield from violations(arguments[0], item, f"{at}[{number}]")
    elif not isinstance(value, dict):
        yield f"{at or '.'}: {type(value).__name__} where the model says dict"
    else:
        for key, item in value.items():
            yield from violations(arguments[1], item, f"{at}.{key}")


def _structure(model: Any, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at or '.'}: {type(value).__name__} where the model says {model.__name__}"
        return
    model = _subtype(model, value)
    fields = _fields(model)
    for name, field in fields.items():
        if field.required and _reached(value, name) is None:
            yield f"{at}.{name}: required"
        elif (item := _reached(value, name)) is not None:
            yield from violations(field.kind, item, f"{at}.{name}")
    known = {tuple(name.split("\0")) for name in fields}
    yield from _unknown(known, value, at)


def _unknown(known: set[tuple[str, ...]], value: Mapping[str, Any], at: str) -> Iterator[str]:
    if any(path == ("*",) for path in known):
        return
    for name, item in value.items():
        below = {path[1:] for path in known if path[0] == name}
        if not below:
            yield f"{at}.{name}: unknown member"
        elif () not in below and isinstance(item, dict):
            yield from _unknown(below, item, f"{at}.{name}")


def _reached(value: Any, path: str) -> Any:
    for part in path.split("\0"):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _subtype(model: Any, value: Mapping[str, Any]) -> Any:
    """The model that the discriminator chooses."""
    if not hasattr(model, "_calculated"):
        return model
    model.__new__(model)
    for field in model._attr_to_rest_field.values():
        child = getattr(model, "__mapping__", {}).get(value.get(field._rest_name)) if field._is_discriminator else None
        if child is not None and child is not model and issubclass(child, model):
            return _subtype(child, value)
    return model


@cache
def _fields(model: Any) -> dict[str, _Field]:
    """Path of members (joined by NUL) -> what it holds."""
    if hasattr(model, "_calculated"):
        model.__new__(model)  # a model knows its fields only once there has been one
        return _annotated(model)
    required = {name for name, rules in getattr(model, "_validation", {}).items() if rules.get("required")}
    package = sys.modules[model.__module__.rpartition(".")[0]]
    found = {}
    for name, said in model._attribute_map.items():
        key = said["key"].replace("\\.", "\1").replace(".", "\0").replace("\1", ".")
        found[key or "*"] = _Field(_Written(said["type"], package), name in required)
    return found


def _annotated(model: Any) -> dict[str, _Field]:
    package = sys.modules[model.__module__.rpartition(".")[0]]
    hints: dict[str, Any] = {}
    for base in reversed(model.__mro__):
        module = sys.modules.get(base.__module__)
        if "_attr_to_rest_field" in vars(base) or base.__module__.startswith("azure.mgmt"):
            hints |= {
                name: hint
                for name, hint in get_type_hints(base, vars(module), {"_models": package, "_types": package}).items()
                if name in model._attr_to_rest_field
            }
    found = {}
    for name, rest in model._attr_to_rest_field.items():
        hint = hints.get(name, Any)
        optional = get_origin(hint) in {Union, UnionType} and NoneType in get_args(hint)
        settable = rest._visibility is None or "create" in rest._visibility
        found[rest._rest_name] = _Field(hint, not optional and settable and hint is not Any)
    return found


class _Written(str):
    """A type as the attribute maps write it, with the package that its names are of."""

    __slots__ = ("package",)

    def __new__(cls, text: str, package: Any) -> Self:
        made = super().__new__(cls, text)
        made.package = package
        return made

    def __hash__(self) -> int:
        return hash((str(self), id(self.package)))

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other) is True


def _written(text: str, value: Any, at: str) -> Iterator[str]:
    package = getattr(text, "package", None)
    if text.startswith("["):
        if not isinstance(value, list):
            yield f"{at or '.'}: {type(value).__name__} where the model says list"
            return
        for number, item in enumerate(value):
            yield from violations(_kind(text[1:-1], package), item, f"{at}[{number}]")
    elif text.startswith("{"):
        if not isinstance(value, dict):
            yield f"{at or '.'}: {type(value).__name__} where the model says dict"
            return
        for key, item in value.items():
            yield from violations(_kind(text[1:-1], package), item, f"{at}.{key}")
    elif text != "object" and package is not None:
        yield from violations(getattr(package, text, Any), value, at)


def _kind(text: str, package: Any) -> Any:
    return str(text) if text in _SCALARS else _Written(text, package)
