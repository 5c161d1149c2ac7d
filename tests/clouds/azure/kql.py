"""The part of Kusto's language that Resource Graph queries use here, compiled to SQL; the rest is refused.

Stages: where, project, project-away, extend, order by, limit, top, count, distinct, summarize.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.clouds.azure.errors import AzureError, not_implemented
from tests.clouds.azure.kql_words import AGGREGATES, COMPARE, FUNCTIONS, NUMERIC, TOKEN


@dataclass
class Compiled:
    """A query as SQL, and whether its pages can be followed: it must show each resource's id."""

    sql: str
    pageable: bool


@dataclass
class _State:
    sql: str
    order: list[str] = field(default_factory=list)
    limited: bool = False
    shaped: bool = False


def compiled(text: str, tables: Sequence[str]) -> Compiled:
    """The SQL of a query over one of the tables.

    Raises:
        AzureError: the text is no query, or has what is not implemented here.

    """
    bare = re.sub(r"//[^\n]*", "", text)
    stages = _stages(_tokens(bare))
    name = stages[0][0][1].lower()
    if len(stages[0]) != 1 or name not in tables:
        raise AzureError(
            "BadRequest", f"Please provide below info when asking for support: table '{stages[0]}' is unknown."
        )
    state = _State(f"SELECT * FROM {name}")
    for stage in stages[1:]:
        _apply(state, stage)
    order = (
        f" ORDER BY {', '.join(state.order)}" if state.order else " ORDER BY ALL" if state.shaped else " ORDER BY id"
    )
    return Compiled(f"SELECT * FROM ({state.sql}){order}", not state.limited)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise AzureError("BadRequest", f"Query is invalid: syntax error at '{text[at : at + 20]}'.")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return found


def _stages(tokens: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    stages: list[list[tuple[str, str]]] = [[]]
    for token in tokens:
        if token == ("op", "|"):
            stages.append([])
        else:
            stages[-1].append(token)
    if not all(stages):
        raise AzureError("BadRequest", "Query is invalid: an empty stage.")
    return stages


def _apply(state: _State, stage: list[tuple[str, str]]) -> None:
    word = stage[0][1].lower()
    handler = _STAGES.get(word)
    if handler is None:
        raise not_implemented(f"Resource Graph stage {word}")
    reader = _Reader(stage[1:])
    handler(state, reader)
    reader.end()


class _Reader:
    """Expressions of one stage."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at = tokens, 0

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def skip(self, text: str) -> bool:
        if self.peek()[0] != "text" and self.peek()[1].lower() == text:
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.skip(text):
            raise AzureError("BadRequest", f"Query is invalid: '{text}' expected at '{self.peek()[1]}'.")

    def end(self) -> None:
        if self.peek()[0] != "end":
            raise AzureError("BadRequest", f"Query is invalid: '{self.peek()[1]}' is too much.")

    def several(self, one: Callable[[], str]) -> list[str]:
        found = [one()]
        while self.skip(","):
            found.append(one())
        return found

    def condition(self) -> str:
        parts = [self._all()]
        while self.skip("or"):
            parts.append(self._all())
        return " OR ".join(f"({part})" for part in parts)

    def _all(self) -> str:
        parts = [self._one()]
        while self.skip("and"):
            parts.append(self._one())
        return " AND ".join(f"({part})" for part in parts)

    def _one(self) -> str:
        if self.peek()[1] == "(" and self.peek()[0] == "op":
            self.take()
            inside = self.condition()
            self.need(")")
            return inside
        left, word = self.value(), self.peek()[1].lower()
        if word in COMPARE | NUMERIC:
            self.take()
            return (COMPARE | NUMERIC)[word].format(left, self.value())
        if word in {"in", "in~", "!in", "!in~"}:
            self.take()
            self.need("(")
            listed = ", ".join(f"lower({one})" for one in self.several(self.value))
            self.need(")")
            return f"lower({left}) {'NOT ' if word[0] == '!' else ''}IN ({listed})"
        return left

    def value(self) -> str:
        kind, text = self.take()
        if kind == "text":
            return "'" + re.sub(r"\\(.)", r"\1", text[1:-1]).replace("'", "''") + "'"
        if kind == "number":
            return text
        if kind != "word":
            raise AzureError("BadRequest", f"Query is invalid: '{text}' is no value.")
        if self.peek() == ("op", "("):
            return self._call(text.lower())
        return self._path(text)

    def _call(self, name: str) -> str:
        self.need("(")
        if name in {"strcat", "coalesce"}:
            arguments = self.several(self.value)
            self.need(")")
            return f"{'concat' if name == 'strcat' else name}({', '.join(arguments)})"
        known = {**FUNCTIONS, **AGGREGATES}
        if name not in known:
            raise not_implemented(f"Resource Graph function {name}")
        argument = (
            "" if self.peek() == ("op", ")") else self.condition() if name in {"not", "countif"} else self.value()
        )
        self.need(")")
        return known[name].format(argument)

    def _path(self, name: str) -> str:
        steps: list[str] = []
        while self.peek() in {("op", "."), ("op", "[")}:
            if self.take()[1] == ".":
                steps.append(self.take()[1])
            else:
                kind, text = self.take()
                steps.append(text[1:-1] if kind == "text" else text)
                self.need("]")
        column = f'"{name}"'
        if not steps:
            return column
        path = "/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
        return f"json_extract_string({column}, '{path.replace(chr(39), chr(39) * 2)}')"

    def named(self) -> tuple[str, str]:
        """`name = expression`, or an expression that is its own name."""
        if self.peek()[0] == "word" and self.peek(1) == ("op", "="):
            name = self.take()[1]
            self.take()
            return name, self.value()
        start = self.at
        sql = self.value()
        words = [text.strip("'\"") for kind, text in self.tokens[start : self.at] if kind in {"word", "text"}]
        return ("_".join(words) + ("_" if words[0].lower() in AGGREGATES else "")), sql


def _where(state: _State, reader: _Reader) -> None:
    state.sql = f"SELECT * FROM ({state.sql}) WHERE {reader.condition()}"


def _named(reader: _Reader) -> list[tuple[str, str]]:
    found = [reader.named()]
    while reader.skip(","):
        found.append(reader.named())
    return found


def _project(state: _State, reader: _Reader) -> None:
    found = _named(reader)
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in found)
    state.sql = f"SELECT {columns} FROM ({state.sql})"
    if not any(name.lower() == "id" for name, _ in found):
        state.shaped = state.limited = True


def _project_away(state: _State, reader: _Reader) -> None:
    names = ", ".join(reader.several(lambda: f'"{reader.take()[1]}"'))
    state.sql = f"SELECT * EXCLUDE ({names}) FROM ({state.sql})"


def _extend(state: _State, reader: _Reader) -> None:
    for name, sql in _named(reader):
        state.sql = (
            f'SELECT * EXCLUDE (extended), extended AS "{name}" FROM (SELECT *, {sql} AS extended FROM ({state.sql}))'
        )


def _order(state: _State, reader: _Reader) -> None:
    reader.need("by")

    def one() -> str:
        sql = reader.value()
        ascending = reader.skip("asc")
        if not ascending:
            reader.skip("desc")
        return sql + (" ASC" if ascending else " DESC")

    state.order = reader.several(one)


def _limit(state: _State, reader: _Reader) -> None:
    order = f" ORDER BY {', '.join(state.order)}" if state.order else ""
    state.sql, state.limited = f"SELECT * FROM ({state.sql}){order} LIMIT {int(reader.take()[1])}", True


def _top(state: _State, reader: _Reader) -> None:
    most = reader.take()
    _order(state, reader)
    _limit(state, _Reader([most]))


def _count(state: _State, _: _Reader) -> None:
    state.sql, state.order, state.shaped, state.limited = (
        f'SELECT count(*) AS "Count" FROM ({state.sql})',
        [],
        True,
        True,
    )


def _distinct(state: _State, reader: _Reader) -> None:
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in _named(reader))
    state.sql, state.order, state.shaped, state.limited = (
        f"SELECT DISTINCT {columns} FROM ({state.sql})",
        [],
        True,
        True,
    )


def _summarize(state: _State, reader: _Reader) -> None:
    figures = _named(reader)
    groups = _named(reader) if reader.skip("by") else []
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in [*groups, *figures])
    grouped = f" GROUP BY {', '.join(sql for _, sql in groups)}" if groups else ""
    state.sql, state.order, state.shaped, state.limited = (
        f"SELECT {columns} FROM ({state.sql}){grouped}",
        [],
        True,
        True,
    )


_STAGES: Final[Mapping[str, Callable[[_State, _Reader], None]]] = {
    "where": _where, "project": _project, "project-away": _project_away, "extend": _extend, "order": _order, "sort": _order,
    "limit": _limit, "take": _limit, "top": _top, "count": _count, "distinct": _distinct, "summarize": _summarize,
}  # fmt: skip
