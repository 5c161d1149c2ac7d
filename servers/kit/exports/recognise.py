"""Which bill is it: FOCUS by its columns, else one of the native formats by theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from servers.kit.exports.focus import focus_mapping, recognise, require_columns
from servers.kit.exports.native import NativeFormat, normalised
from shared_models.export import CostBasis, SourceFormat


@dataclass(frozen=True)
class Recognised:
    """What a source is, and how its rows become FOCUS."""

    source_format: SourceFormat
    relation: str
    mapping: Mapping[str, str]
    bases: tuple[CostBasis, ...]
    provider: str | None = None
    aside: str | None = None
    notes: tuple[str, ...] = ()
    control: Mapping[CostBasis, str] | None = None


def recognise_source(columns: Mapping[str, str], natives: Sequence[NativeFormat], file: Path) -> Recognised | None:
    """What the relation `source` holds; None where it is no bill that we know.

    Raises:
        UnreadableExportError: it is FOCUS, but a mandatory column is missing.

    """
    if shape := recognise(columns):
        require_columns(shape, str(file))
        return Recognised(shape.version, "source", focus_mapping(shape), tuple(CostBasis))
    spelled = {normalised(name): kind for name, kind in columns.items()}
    fitting = [native for native in natives if native.required <= spelled.keys()]
    if not fitting:
        return None
    native = max(fitting, key=lambda found: len(found.required))
    return Recognised(
        source_format=native.source_format,
        relation=f"({native.prepare(spelled)})",
        mapping=native.mapping,
        bases=native.bases,
        provider=native.provider,
        aside=native.expected_aside,
        notes=native.notes,
        control={basis: prepare(spelled) for basis, prepare in native.control.items()},
    )
