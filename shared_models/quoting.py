"""Quoting: names and texts as SQL, for DuckDB and SQLite alike, so that whatever they hold they stay one token."""


def quoted(identifier: str) -> str:
    """An identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"
