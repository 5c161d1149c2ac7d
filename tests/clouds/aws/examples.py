"""The official examples beside the checkout, as their operations' arguments and replies."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.utils import parse_timestamp
from moto.core.utils import get_service_model

_SERVICES = {"s3api": "s3", "configservice": "config"}
"""Folder -> service, where they differ."""


@dataclass(frozen=True)
class Example:
    """One file: `name` as `service/file`, the arguments where the example has them, the reply."""

    name: str
    operation: OperationModel
    input: dict[str, Any] | None
    response: dict[str, Any]


def examples(folder: Path) -> Iterator[Example]:
    """Every example under the folder of AWS examples."""
    for file in sorted(folder.glob("*/*.json")):
        said = json.loads(file.read_text(encoding="utf-8"))
        model = get_service_model(_SERVICES.get(file.parent.name, file.parent.name))
        wanted = re.sub(r"^(boto|recorded)-|_?[\d.]+\.json$|\.\d+\.json$", "", file.name)
        operation = next(
            model.operation_model(name) for name in model.operation_names if wanted in {name, xform_name(name, "-")}
        )
        given = said["input"] if file.name.startswith("boto-") else None
        name = f"{file.parent.name}/{file.stem}"
        yield Example(
            name, operation, _typed(operation.input_shape, given), _typed(operation.output_shape, said["response"])
        )


def _typed(shape: Shape | None, value: Any) -> Any:
    """Times as Python has them: the files write them as text, numbers or recorded parts."""
    if isinstance(value, dict) and value.get("__class__") == "datetime":
        parts = [value[name] for name in ("year", "month", "day", "hour", "minute", "second", "microsecond")]
        return datetime(*parts, tzinfo=UTC)
    if isinstance(value, dict):
        members = getattr(shape, "members", {}) if shape and shape.type_name == "structure" else {}
        inner = shape.value if shape is not None and shape.type_name == "map" else None
        return {name: _typed(members.get(name, inner), item) for name, item in value.items()}
    if isinstance(value, list):
        inner = shape.member if shape is not None and shape.type_name == "list" else None
        return [_typed(inner, item) for item in value]
    if shape is not None and shape.type_name == "timestamp" and isinstance(value, str | int | float):
        return parse_timestamp(value)
    return value
