"""The table of asset types: what kind of resource each is, and where in its data the fields lie."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import Field

from shared_models.base import WireModel
from shared_models.inventory import ResourceType

TABLE: Final = Path(__file__).parent / "resource_types.toml"


class TypeRow(WireModel):
    """How one kind of asset is read; expressions are JMESPath over its data, the defaults are what most kinds say."""

    kind: ResourceType = ResourceType.OTHER
    name: str = "name"
    created: str = "creationTimestamp || createTime || timeCreated || creationTime"
    state: str = "state || status || lifecycleState"
    labels: str = "labels || resourceLabels || userLabels"
    sku: str | None = None
    size_gib: str | None = None
    attached_to: str | None = None
    unattached_since: str | None = None
    facts: dict[str, str] = Field(default_factory=dict)


GENERIC: Final = TypeRow()
"""Reads every kind that the table does not name."""


@cache
def resource_types() -> Mapping[str, TypeRow]:
    """Asset type -> its row."""
    said = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {asset_type: TypeRow.model_validate(fields) for asset_type, fields in said.items()}
