"""The statements of the generator: files under `sql/`, with `$name` for what the caller puts in."""

from functools import cache
from pathlib import Path
from string import Template
from typing import Final

_FOLDER: Final = Path(__file__).parent / "sql"


def statement(name: str, **values: object) -> str:
    """The text of one file with its values filled in; an unknown or missing value is an error."""
    return _template(name).substitute(values)


@cache
def _template(name: str) -> Template:
    return Template((_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
