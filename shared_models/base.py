"""The base of every model that crosses a process: frozen and strict."""

from pydantic import BaseModel, ConfigDict


class WireModel(BaseModel):
    """A frozen model with snake_case keys on the wire: envelopes, coverage, cards."""

    model_config = ConfigDict(frozen=True, extra="forbid")
