"""The base of every model that crosses a process: frozen, strict, FOCUS names on the wire."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal


def focus_name(field: str) -> str:
    """`effective_cost` -> `EffectiveCost`; our own columns keep their prefix: `x_provider` -> `x_Provider`."""
    return "x_" + to_pascal(field[2:]) if field.startswith("x_") else to_pascal(field)


class WireModel(BaseModel):
    """A frozen model with snake_case keys on the wire: envelopes, coverage, cards."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FocusModel(BaseModel):
    """A frozen model whose wire keys are FOCUS column names."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=focus_name,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )
