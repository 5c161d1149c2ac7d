"""The columns of the relation under test: their physical types, and their values in the form that a check needs."""

from dataclasses import dataclass

import duckdb

from servers.kit.conformance.formats import is_number
from shared_models.quoting import quoted

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Columns:
    """Column name -> physical type. `untyped` means text that stands for every type, as in CSV."""

    kinds: dict[str, str]
    untyped: bool = False

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, relation: str, *, untyped: bool) -> "Columns":
        """The columns of a table or view."""
        described = connection.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
        return cls({str(row[0]): str(row[1]) for row in described}, untyped)

    def __contains__(self, name: str) -> bool:
        return name in self.kinds

    def value(self, name: str) -> str:
        """The column; an absent one is null throughout."""
        return quoted(name) if name in self.kinds else "CAST(NULL AS VARCHAR)"

    def text(self, name: str) -> str:
        """The value as text; a nested one as JSON."""
        kind = self.kinds.get(name, "VARCHAR")
        if kind == "VARCHAR":
            return self.value(name)
        if kind.startswith(("MAP(", "STRUCT(")) or kind.endswith("[]"):
            return f"CAST(to_json({self.value(name)}) AS VARCHAR)"
        return f"CAST({self.value(name)} AS VARCHAR)"

    def json(self, name: str) -> str:
        """The value as JSON; null where it is none."""
        text = self.text(name)
        return f"CASE WHEN json_valid({text}) THEN CAST({text} AS JSON) END"

    def number(self, name: str) -> str:
        """The value as a number for comparing; null where it is none."""
        if self.is_text(name):
            return f"TRY_CAST({self.value(name)} AS DOUBLE)"
        return self.value(name)

    def is_text(self, name: str) -> bool:
        """Whether the column is stored as text, or absent."""
        return self.kinds.get(name, "VARCHAR") == "VARCHAR"

    def is_whole(self, name: str) -> bool:
        """Whether the column is stored as a whole number."""
        return self.kinds.get(name, "") in _WHOLE

    def is_decimal(self, name: str) -> bool:
        """Whether the column is stored as an exact number."""
        return self.is_whole(name) or self.kinds.get(name, "").startswith("DECIMAL")

    def is_float(self, name: str) -> bool:
        """Whether the column is stored as a binary number, which may be no number at all."""
        return self.kinds.get(name, "") in {"DOUBLE", "FLOAT"}

    def is_moment(self, name: str) -> bool:
        """Whether the column is stored as a time."""
        return self.kinds.get(name, "").startswith(("TIMESTAMP", "DATE"))

    def numeric_form(self, name: str) -> str:
        """True where the value is one finite number."""
        if self.is_decimal(name):
            return "TRUE"
        if self.is_float(name):
            return f"isfinite({self.value(name)})"
        return is_number(self.text(name))
