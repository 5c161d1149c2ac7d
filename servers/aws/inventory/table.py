"""The table of resource types: which operations list them, and where in the answers their fields lie."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from servers.kit.live.expressions import HOLE
from shared_models.base import WireModel
from shared_models.inventory import ResourceType

TABLE: Final = Path(__file__).parent / "resource_types.toml"


class Step(WireModel):
    """One operation: its arguments, how it is paged, and where its items lie.

    `each` takes arguments from the item before, `many` one argument as a list over up to `batch` of them. `token` names
    the request's and the answer's member of an operation that has no paginator, `after` the request's member, the last
    key of the answer and the answer's word for more.
    """

    call: str
    items: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    each: dict[str, str] = Field(default_factory=dict)
    many: dict[str, str] = Field(default_factory=dict)
    batch: int = 1
    token: tuple[str, str] | None = None
    after: tuple[str, str, str] | None = None
    unpaged: str | None = None
    absent: tuple[str, ...] = ()


class Also(WireModel):
    """One more question about one resource; `absent` says what an error of that code means."""

    call: str
    each: dict[str, str]
    facts: dict[str, str]
    absent: dict[str, dict[str, str]] = Field(default_factory=dict)


class TypeRow(WireModel):
    """How one kind of resource is found and read; expressions are JMESPath over the item."""

    native_type: str
    kind: ResourceType
    service: str
    scope: Literal["regional", "global"] = "regional"
    home: str | None = None
    steps: tuple[Step, ...]
    where: str | None = None
    id: str
    aliases: tuple[str, ...] = ()
    region: str | None = None
    name: str | None = None
    created: str | None = None
    state: str | None = None
    zone: str | None = None
    sku: str | None = None
    size_gib: str | None = None
    attached_to: str | None = None
    tags: str | None = None
    tag_call: Step | None = None
    tagging: str | None = None
    also: tuple[Also, ...] = ()
    facts: dict[str, str] = Field(default_factory=dict)


@cache
def resource_types() -> tuple[TypeRow, ...]:
    """Every row of the table, in its order."""
    said = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(_row(native_type, fields) for native_type, fields in said.items())


def holes(template: str) -> list[str]:
    """The expressions in a template, without what stands for our own account, region and partition."""
    return [hole for hole in HOLE.findall(template) if hole not in {"account", "region", "partition"}]


def _row(native_type: str, fields: dict[str, Any]) -> TypeRow:
    own = {name: value for name, value in fields.items() if name in TypeRow.model_fields}
    first = {name: value for name, value in fields.items() if name not in own and name != "then"}
    return TypeRow.model_validate({"native_type": native_type, "steps": [first, *fields.get("then", [])], **own})
