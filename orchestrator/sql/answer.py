"""What `finops_run_sql` answers, made from a worker's reply."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import Field

from orchestrator.evidence import SqlEvidence
from shared_models.base import WireModel
from shared_models.money import plain
from shared_models.period import instant_text
from shared_models.untrusted import safe_text


class SqlAnswer(WireModel):
    """The first rows; numbers with decimals and times are exact text."""

    notes: tuple[str, ...] = Field(description="What to know before using the figures")
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    truncated: bool
    evidence: SqlEvidence


def shown_rows(rows: Sequence[Sequence[str | None]], types: Sequence[str]) -> tuple[tuple[str | None, ...], ...]:
    """The cells as they are written everywhere else: plain amounts, ISO times, text with nothing hidden in it."""
    return tuple(tuple(_cell(cell, kind) for cell, kind in zip(row, types, strict=True)) for row in rows)


def _cell(cell: str | None, kind: str) -> str | None:
    if cell is None:
        return None
    try:
        if kind.startswith("DECIMAL") and not kind.endswith("]"):
            return plain(Decimal(cell))
        if kind.startswith("TIMESTAMP") and not kind.endswith("]"):
            instant = datetime.fromisoformat(cell)
            return instant_text(instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant)
    except (ArithmeticError, ValueError):
        return safe_text(cell)
    return safe_text(cell)
