"""The first fence before agents' SQL: one query, of a known grammar, over known tables, with known functions.

What runs is never the text that came but what the tree says, in one canonical form with every name quoted, and the
functions are looked for in that form: what the engine will read is what was judged.
"""

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Final, cast

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokenizer_core import TokenType

from orchestrator.sql.functions import FUNCTIONS, UNNESTABLE
from orchestrator.sql.grammar import NODES, PARENLESS, TYPES, WORDS
from orchestrator.sql.refusals import Limit, refused, refused_limit
from orchestrator.sql.tables import TABLES
from shared_models.errors import near_matches

_NO_NAMES: Final = frozenset({TokenType.STRING, TokenType.NUMBER, TokenType.R_PAREN, TokenType.R_BRACKET})
_DEEPEST: Final = 200


@dataclass(frozen=True)
class Checked:
    """A statement that may run: its tree, its canonical text, the tables that it reads."""

    tree: exp.Query
    sql: str
    tables: tuple[str, ...]

    def first(self, rows: int) -> str:
        """The text that stops after so many rows, unless the statement has a limit of its own."""
        return self.sql if self.tree.args.get("limit") else f"{self.sql} LIMIT {rows}"


def check(sql: str, longest: int) -> Checked:
    """The statement, judged.

    Raises:
        SqlRefusedError: it is too long, too deep, or not one read-only query in the allowed grammar.

    """
    if len(sql) > longest:
        raise refused_limit(Limit.STATEMENT, f"The statement has more than {longest} characters.", "Shorten it.")
    tree = _parsed(sql)
    for node in tree.walk():
        _check_node(node)
    tables = {table.name.lower() for table in tree.find_all(exp.Table) if not _is_cte(table)}
    for name in sorted(tables - set(TABLES)):
        near = near_matches(name, TABLES) or sorted(TABLES)
        raise refused(f"There is no table {name[:80]!r}.", f"Tables: {', '.join(near)}.", tables=sorted(TABLES))
    canonical = _canonical(tree)
    _check_calls(tree, canonical)
    return Checked(tree, canonical, tuple(sorted(tables)))


def _parsed(sql: str) -> exp.Query:
    try:
        statements = [found for found in sqlglot.parse(sql, dialect="duckdb") if found is not None]
    except RecursionError as error:
        raise _too_deep() from error
    except Exception as error:
        said = str(error).splitlines()[0][:160] if str(error) else "not SQL"
        raise refused(f"The statement cannot be parsed: {said}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise refused("Only one SELECT is run.")
    return statements[0]


def _canonical(tree: exp.Query) -> str:
    try:
        return tree.sql(dialect="duckdb", identify=True, comments=False)
    except RecursionError as error:
        raise _too_deep() from error
    except Exception as error:
        raise refused("The statement cannot be written in the allowed grammar.") from error


def _check_node(node: exp.Expr) -> None:
    if isinstance(node, exp.Table):
        if not isinstance(node.this, exp.Identifier) or node.db or node.catalog:
            raise refused(f"{node.sql()[:80]!r} is not a table here.", f"Tables: {', '.join(sorted(TABLES))}.")
    elif isinstance(node, exp.With) and node.args.get("recursive"):
        raise refused("A recursive query has no known end.", "Write it without RECURSIVE.")
    elif isinstance(node, exp.DataType) and not _plain_type(node):
        raise refused(f"The type {node.sql(dialect='duckdb')[:40]} is not available.", "Cast to a plain type.")
    elif isinstance(node, (exp.Unnest, exp.Explode)) and not _bounded(node):
        raise refused("Only map_keys, map_values and map_entries can be unnested.", "Use unnest(map_keys(Tags)).")
    elif type(node) not in NODES and (not isinstance(node, exp.Func) or type(node) in PARENLESS):
        raise refused(f"{type(node).__name__.upper()} is not part of the allowed SQL.")


def _plain_type(node: exp.DataType) -> bool:
    return node.this in TYPES and all(isinstance(inner, exp.DataTypeParam) for inner in node.expressions)


def _bounded(node: exp.Expr) -> bool:
    inner = [*node.expressions, *([node.this] if isinstance(node.this, exp.Expr) else [])]
    return len(inner) == 1 and isinstance(inner[0], exp.Func) and _name(inner[0]) in UNNESTABLE


def _name(function: exp.Func) -> str:
    return (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()


def _is_cte(table: exp.Table) -> bool:
    """Whether the name means a common table expression where it stands, and not one that is defined elsewhere."""
    name, below, node = table.name.lower(), table, table.parent
    while node is not None:
        if isinstance(node, exp.With):
            names = [cte.alias_or_name.lower() for cte in _before(node, below)]
        else:
            with_ = node.args.get("with_")
            names = [] if with_ is None or with_ is below else [c.alias_or_name.lower() for c in with_.expressions]
        if name in names:
            return True
        below, node = node, node.parent
    return False


def _before(with_: exp.With, cte: exp.Expr) -> list[exp.Expr]:
    earlier: list[exp.Expr] = []
    for found in cast("list[exp.Expr]", with_.expressions):
        if found is cte:
            break
        earlier.append(found)
    return earlier


def _check_calls(tree: exp.Query, canonical: str) -> None:
    """Every name before an opening bracket is a word of the language, an allowed function or an alias with columns."""
    tokens = DuckDB().tokenize(canonical)
    called: Counter[str] = Counter()
    depth = 0
    for before, token in itertools.pairwise(tokens):
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth > _DEEPEST:
            raise _too_deep()
        if token.token_type == TokenType.L_PAREN and before.token_type not in _NO_NAMES:
            called[before.text.lower()] += 1
    called.subtract(alias.name.lower() for alias in tree.find_all(exp.TableAlias) if alias.args.get("columns"))
    for name in sorted(name for name, times in called.items() if times > 0):
        if name in FUNCTIONS or name in WORDS or not (name[:1].isalpha() or name[:1] == "_"):
            continue
        near = near_matches(name, FUNCTIONS, limit=3)
        raise refused(
            f"The function {name[:60]!r} is not available.",
            f"Near names: {', '.join(near)}." if near else "Use aggregates, windows, text, date and map functions.",
            function=name[:60],
            near=near,
        )


def _too_deep() -> Exception:
    return refused_limit(Limit.DEPTH, "The statement is nested too deeply.", "Use IN lists and WITH, not nesting.")
