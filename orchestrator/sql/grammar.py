"""The part of SQL that agents may write, as data: kinds of syntax nodes, types, and words before a bracket."""

from typing import Final, cast

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

NODES: Final = frozenset(
    {
        # queries and their clauses
        exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.With, exp.CTE, exp.Values, exp.From,
        exp.Join, exp.Where, exp.Group, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Having, exp.Qualify, exp.Order,
        exp.Ordered, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions, exp.Distinct, exp.Window, exp.WindowSpec,
        exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls,
        # names and values
        exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Boolean, exp.Null,
        exp.Var, exp.Interval, exp.IntervalSpan, exp.DataType, exp.DataTypeParam, exp.Tuple, exp.Paren, exp.RawString,
        exp.PropertyEQ, exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript,
        # operators
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe, exp.Bracket, exp.Slice, exp.Not,
        exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In, exp.Between,
        exp.Like, exp.ILike, exp.Escape, exp.Any, exp.All, exp.AtTimeZone,
        # values that are functions without brackets
        exp.CurrentDate, exp.CurrentTimestamp,
    }
)  # fmt: skip
"""Functions (`exp.Func`) are not here: `functions.FUNCTIONS` names them. What is in neither is refused."""

_WITHOUT_BRACKETS = cast("dict[object, type]", DuckDB.Parser.NO_PAREN_FUNCTIONS)  # pyright: ignore[reportUnknownMemberType]
PARENLESS: Final = frozenset(_WITHOUT_BRACKETS.values())
"""Functions that no bracket gives away, `current_user` for one: only those among NODES."""

TYPES: Final = frozenset(
    {
        exp.DType.BIGINT, exp.DType.BOOLEAN, exp.DType.CHAR, exp.DType.DATE, exp.DType.DECIMAL, exp.DType.DOUBLE,
        exp.DType.FLOAT, exp.DType.INT, exp.DType.INT128, exp.DType.INTERVAL, exp.DType.JSON, exp.DType.SMALLINT,
        exp.DType.TEXT, exp.DType.TIME, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ,
        exp.DType.TINYINT, exp.DType.UBIGINT, exp.DType.UINT, exp.DType.VARCHAR,
    }
)  # fmt: skip
"""Types of a cast. No arrays of a fixed size: `x::INT[1000000000]` would make much of little."""

_WORDS: Final = """
    all and any as between by char cube decimal distinct else end escape except exclude filter from group having in
    intersect interval is join like ilike limit not offset on or order over partition qualify replace rollup select
    sets text then union using values varchar when where within
"""
WORDS: Final = frozenset(_WORDS.split())
"""Words of the language that may stand before an opening bracket without being a function."""
