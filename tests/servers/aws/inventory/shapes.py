"""What a JMESPath expression finds in an answer, by the service's model alone: a field that the model lacks is an error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from servers.kit.live.expressions import compiled


class UnknownFieldError(Exception):
    pass


@dataclass(frozen=True)
class Listed:
    """A list of something."""

    of: Any


SCALAR = "scalar"


def kind_of(expression: str, kind: Any) -> Any:
    """The kind of what the expression finds in something of this kind."""
    return _visit(compiled(expression).parsed, _opened(kind))


def _opened(kind: Any) -> Any:
    match kind:
        case StructureShape():
            return dict(kind.members)
        case ListShape():
            return Listed(kind.member)
        case MapShape():
            return kind
        case Shape():
            return SCALAR
        case _:
            return kind


def _visit(node: Mapping[str, Any], kind: Any) -> Any:  # noqa: PLR0912 - one branch a kind of expression
    kind = _opened(kind)
    children = node["children"]
    match node["type"]:
        case "field":
            return _member(kind, node["value"])
        case "current" | "identity":
            return kind
        case "subexpression" | "index_expression" | "pipe":
            for child in children:
                kind = _visit(child, kind)
            return _opened(kind)
        case "index":
            return kind.of if isinstance(kind, Listed) else _refuse(node, kind)
        case "projection" | "value_projection":
            left = _opened(_visit(children[0], kind))
            inner = left.of if isinstance(left, Listed) else _refuse(node, left)
            return Listed(_visit(children[1], inner))
        case "filter_projection":
            left = _opened(_visit(children[0], kind))
            inner = left.of if isinstance(left, Listed) else _refuse(node, left)
            _visit(children[2], inner)
            return Listed(_visit(children[1], inner))
        case "flatten":
            left = _opened(_visit(children[0], kind))
            inner = _opened(left.of) if isinstance(left, Listed) else _refuse(node, left)
            return Listed(inner.of if isinstance(inner, Listed) else inner)
        case "multi_select_dict":
            return {child["value"]: _visit(child["children"][0], kind) for child in children}
        case "key_val_pair":
            return _visit(children[0], kind)
        case "multi_select_list":
            return Listed(SCALAR)
        case "literal":
            return SCALAR
        case "or_expression":
            found = [_visit(child, kind) for child in children]
            return found[0]
        case "and_expression":
            return [_visit(child, kind) for child in children][1]
        case "comparator" | "not_expression" | "function_expression":
            for child in children:
                _visit(child, kind)
            return SCALAR
        case other:
            raise UnknownFieldError(f"no rule for {other}")


def _member(kind: Any, name: str) -> Any:
    if isinstance(kind, MapShape):
        return kind.value
    if isinstance(kind, dict) and name in kind:
        return kind[name]
    raise UnknownFieldError(f"{name} is not in {sorted(kind) if isinstance(kind, dict) else kind}")


def _refuse(node: Mapping[str, Any], kind: Any) -> Any:
    raise UnknownFieldError(f"{node['type']} of {kind}, which is no list")
