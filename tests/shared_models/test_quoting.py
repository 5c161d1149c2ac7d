import duckdb
import pytest

from shared_models.quoting import literal, quoted

ODD = [
    "plain",
    "it's",
    'say "so"',
    "a; DROP TABLE costs;--",
    "''",
    '""',
    "back\\slash",
    "",
    " ",
    "naïve ✓",
    "line\nbreak",
]


@pytest.mark.parametrize("text", ODD)
def test_a_text_comes_back_as_it_was(text: str):
    assert duckdb.sql(f"SELECT {literal(text)}").fetchall() == [(text,)]


@pytest.mark.parametrize("name", [name for name in ODD if name])
def test_a_name_is_one_column_whatever_it_holds(name: str):
    assert duckdb.sql(f"SELECT 1 AS {quoted(name)}").columns == [name]
