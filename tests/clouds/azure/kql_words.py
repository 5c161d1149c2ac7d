"""The words of Kusto's language that are understood here, and the SQL that each stands for."""

import re
from collections.abc import Mapping
from typing import Final

TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<op>=~|!~|==|!=|<=|>=|!in~|!contains|!has|!startswith|!in|[<>()\[\],.=|])|(?P<word>[A-Za-z_$][\w$]*~?(?:-away)?))"
)
COMPARE: Final[Mapping[str, str]] = {
    "==": "{0} = {1}", "!=": "{0} IS DISTINCT FROM {1}", "=~": "lower({0}) = lower({1})", "!~": "lower({0}) IS DISTINCT FROM lower({1})",
    "contains": "contains(lower({0}), lower({1}))", "!contains": "NOT contains(lower(COALESCE({0}, '')), lower({1}))",
    "has": "regexp_matches(lower({0}), '(^|\\W)' || regexp_escape(lower({1})) || '($|\\W)')",
    "startswith": "starts_with(lower({0}), lower({1}))", "!startswith": "NOT starts_with(lower(COALESCE({0}, '')), lower({1}))",
    "endswith": "ends_with(lower({0}), lower({1}))",
}  # fmt: skip
NUMERIC: Final[Mapping[str, str]] = {op: f"TRY_CAST({{0}} AS DOUBLE) {op} {{1}}" for op in ("<", "<=", ">", ">=")}
FUNCTIONS: Final[Mapping[str, str]] = {
    "tostring": "CAST({0} AS VARCHAR)", "tolower": "lower({0})", "toupper": "upper({0})", "toreal": "TRY_CAST({0} AS DOUBLE)",
    "todouble": "TRY_CAST({0} AS DOUBLE)", "toint": "TRY_CAST({0} AS BIGINT)", "tolong": "TRY_CAST({0} AS BIGINT)",
    "isnotempty": "COALESCE({0}, '') <> ''", "isempty": "COALESCE({0}, '') = ''", "isnull": "{0} IS NULL",
    "isnotnull": "{0} IS NOT NULL", "not": "NOT ({0})", "strlen": "length({0})",
}  # fmt: skip
AGGREGATES: Final[Mapping[str, str]] = {
    "count": "count(*)", "sum": "sum(TRY_CAST({0} AS DOUBLE))", "min": "min({0})", "max": "max({0})",
    "dcount": "count(DISTINCT {0})", "countif": "count(*) FILTER ({0})",
}  # fmt: skip
