"""Datasets of a folder: one Parquet file each, whose columns are the fields of one of our models."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import anyio.to_thread
from pydantic import BaseModel

from servers.kit.ports import Slice
from shared_models.errors import SourceNotEnabledError
from shared_models.quoting import literal, quoted

Item = TypeVar("Item", bound=BaseModel)


class Table(Generic[Item]):
    """Pages through one Parquet file in a stable order."""

    def __init__(self, file: Path, model: type[Item], order: tuple[str, ...], *, largest: str | None = None) -> None:
        """`largest` is a column whose greatest values come first; `order` breaks ties."""
        self._largest = largest
        self._file = file
        self._model = model
        self._order = order

    @property
    def present(self) -> bool:
        """Whether the file is there."""
        return self._file.is_file()

    @property
    def file(self) -> Path:
        """Where the items lie, whether or not they are there."""
        return self._file

    def require(self) -> None:
        """Check that the file is there.

        Raises:
            SourceNotEnabledError: the folder has no such dataset.

        """
        if not self.present:
            raise SourceNotEnabledError(
                self._file.stem, source="this folder of exported data", hint=f"Put {self._file.name} beside the bills."
            )

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[Item]:
        """Items that meet the conditions (`column` equals value; null conditions are left out).

        Raises:
            SourceNotEnabledError: the folder has no such dataset.

        """
        self.require()
        return await anyio.to_thread.run_sync(self._page, conditions, offset, limit)

    def _page(self, conditions: Mapping[str, object], offset: int, limit: int) -> Slice[Item]:
        given = {name: value for name, value in conditions.items() if value is not None}
        where = " AND ".join(f"{quoted(name)} = ?" for name in given) or "true"
        relation = f"read_parquet({literal(str(self._file))}, file_row_number = true)"
        first = [f"{quoted(self._largest)} DESC"] if self._largest else []
        columns = ", ".join([*first, *map(quoted, self._order), "file_row_number"])
        import duckdb  # noqa: PLC0415 - not before the first question: a server starts without DuckDB

        with duckdb.connect(":memory:") as connection:
            total = connection.execute(
                f"SELECT count(*) FROM {relation} WHERE {where}", list(given.values())
            ).fetchone()
            result = connection.execute(
                f"SELECT * EXCLUDE (file_row_number) FROM {relation} WHERE {where}"
                f" ORDER BY {columns} LIMIT {limit} OFFSET {offset}",
                list(given.values()),
            )
            names = [str(column[0]) for column in result.description or ()]
            rows = result.fetchall()
        items = tuple(self._model.model_validate(_clean(dict(zip(names, row, strict=True)))) for row in rows)
        return Slice(items, int(total[0]) if total else 0)


def _clean(row: dict[str, Any]) -> dict[str, Any]:
    """A null map or list is an empty one."""
    return {name: value for name, value in row.items() if value is not None}
