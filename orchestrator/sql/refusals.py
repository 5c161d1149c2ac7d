"""How agents' SQL is refused: always `sql_refused`, with what to do next and, at a cap, its name in `details.limit`."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from orchestrator.sql.tables import TABLES, columns_of
from shared_models.errors import SqlRefusedError, near_matches
from shared_models.untrusted import safe_text


class Limit(StrEnum):
    """A cap that a statement passed."""

    STATEMENT = "statement_characters"
    DEPTH = "depth"
    TIME = "seconds"
    QUEUE = "queue_seconds"
    MEMORY = "memory_bytes"
    ANSWER = "answer_bytes"


_COLUMN: Final = re.compile(r'(?:Referenced column|column named|column) "([^"]+)"', re.IGNORECASE)
_PATH: Final = re.compile(r"(?:[A-Za-z]:)?[/\\][^\s\"']*[/\\]([^\s/\\\"']+)")
_LONGEST: Final = 240


def refused(message: str, hint: str | None = None, **details: object) -> SqlRefusedError:
    """A refusal that names no cap."""
    hint = hint or f"Write one SELECT over {', '.join(sorted(TABLES))} with FOCUS 1.4 columns."
    return SqlRefusedError(safe_text(message), hint=hint, details=details)


def refused_limit(limit: Limit, message: str, hint: str) -> SqlRefusedError:
    """A refusal at a cap."""
    return SqlRefusedError(message, hint=hint, details={"limit": limit.value})


def refused_by_engine(message: str, tables: Sequence[str]) -> SqlRefusedError:
    """What the engine said, in one line without paths; an unknown column with the near ones of the tables used."""
    line = _PATH.sub(r"\1", message.split("\n", 1)[0])
    said = line.split(": ", 1)[-1].strip()[:_LONGEST] or "The statement failed."
    missing = _COLUMN.search(line)
    if missing is None:
        return refused(said)
    known: Iterable[str] = columns_of(tables or TABLES)
    near = near_matches(missing[1], known)
    hint = f"Near columns: {', '.join(near)}." if near else f"Columns are those of {', '.join(tables)}."
    return refused(said, hint, column=safe_text(missing[1]), near=near)
