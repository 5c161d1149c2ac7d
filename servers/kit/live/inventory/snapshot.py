"""The inventory on disk: one Parquet file a kind of resource with its age and its gaps, replaced as a whole."""

import json
import threading
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final, Protocol

import duckdb
from pydantic import ValidationError

from servers.kit.datasets.files import scratch_connection
from servers.kit.live.inventory.refusals import EVERY_TYPE, Refusal
from servers.kit.ports import Slice
from serving.files import write_whole
from shared_models.base import WireModel
from shared_models.dataset import DatasetName, columns_of
from shared_models.disk import unavailable
from shared_models.inventory import Resource, ResourceType
from shared_models.quoting import literal, quoted

_KINDS: Final = {
    name: kind.replace("TIMESTAMP", "TIMESTAMPTZ") for name, kind in columns_of(DatasetName.INVENTORY).items()
}


class Kept(WireModel):
    """What is kept of one kind: where it lies, when it was read, for whom, and what is missing in it."""

    file: str
    scope: str
    fetched_at: datetime
    refusals: tuple[Refusal, ...] = ()


class Sink(Protocol):
    """Takes resources from many threads as they are found."""

    def write(self, resources: Sequence[Resource]) -> None: ...


class Spool:
    """Collects resources from many threads as lines on disk, so that they do not fill the memory."""

    def __init__(self, handle: IO[bytes], file: Path) -> None:
        self._handle = handle
        self._guard = threading.Lock()
        self.file = file

    def write(self, resources: Sequence[Resource]) -> None:
        """Add resources."""
        lines = b"".join(resource.model_dump_json().encode() + b"\n" for resource in resources)
        with self._guard:
            self._handle.write(lines)

    def close(self) -> None:
        """Everything is on disk."""
        self._handle.close()


class Snapshot:
    """The kept kinds in one folder; blocking, call it off the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self, kind: ResourceType) -> Kept | None:
        """What is kept of a kind, null where nothing usable is."""
        try:
            kept = Kept.model_validate_json((self._folder / f"{kind.value}.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return kept if (self._folder / kept.file).is_file() else None

    @contextmanager
    def spool(self) -> Generator[Spool, None, None]:
        """Where a scan may put what it finds; gone afterwards.

        Raises:
            LedgerUnavailableError: the disk refused.

        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".scan-", dir=self._folder, ignore_cleanup_errors=True) as folder:
                file = Path(folder) / "resources.jsonl"
                with file.open("wb") as handle:
                    yield Spool(handle, file)
        except OSError as error:
            raise unavailable(error, self._folder.name) from error

    def replace(self, kind: ResourceType, spool: Spool, kept: Kept) -> None:
        """Put what was found of a kind in the place of what was kept; what was refused now keeps its former rows.

        One resource that several accounts see is kept once, for the account that its id names.
        """
        former = self.kept(kind)
        columns = ", ".join(
            f"CAST({quoted(name)} AT TIME ZONE 'UTC' AS TIMESTAMP) AS {quoted(name)}"
            if type_ == "TIMESTAMPTZ"
            else quoted(name)
            for name, type_ in _KINDS.items()
        )
        shape = ", ".join(f"{literal(name)}: {literal(type_)}" for name, type_ in _KINDS.items())
        rows = (
            f"SELECT 0 AS age, {columns} FROM read_json({literal(str(spool.file))}, format='newline_delimited',"
            f" columns={{{shape}}}) WHERE resource_type = {literal(kind.value)}"
        )
        refused = [one for one in kept.refusals if one.whole]
        if former is not None and former.scope == kept.scope and refused:
            rows += f" UNION ALL BY NAME SELECT 1 AS age, * FROM {self._relation([former])} WHERE {_within(refused)}"
        with scratch_connection() as connection:
            connection.execute(
                f"COPY (SELECT * EXCLUDE (age) FROM ({rows}) QUALIFY row_number() OVER (PARTITION BY native_type,"
                " resource_id ORDER BY age, contains(resource_id, sub_account_id) DESC, sub_account_id, region_id) = 1"
                f" ORDER BY resource_id, native_type) TO {literal(str(self._folder / kept.file))} (FORMAT parquet)"
            )
        write_whole(self._folder / f"{kind.value}.json", kept.model_dump_json().encode())
        self._sweep(kind, {kept.file, *([former.file] if former else [])})

    def page(
        self, kept: Sequence[Kept], conditions: Mapping[str, object], *, offset: int, limit: int
    ) -> Slice[Resource]:
        """Some resources that meet the conditions, in the order of their kind and id."""
        given = {name: value for name, value in conditions.items() if value is not None}
        where = " AND ".join(f"{quoted(name)} = ?" for name in given) or "true"
        relation, values = self._relation(kept), list(given.values())
        with duckdb.connect(":memory:") as connection:
            total = connection.execute(f"SELECT count(*) FROM {relation} WHERE {where}", values).fetchone()
            result = connection.execute(
                f"SELECT * FROM {relation} WHERE {where} ORDER BY resource_type, resource_id, native_type"
                f" LIMIT {limit} OFFSET {offset}",
                values,
            )
            names = [str(column[0]) for column in result.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        return Slice(tuple(_resource(row) for row in rows), int(total[0]) if total else 0)

    def _relation(self, kept: Sequence[Kept]) -> str:
        return f"read_parquet([{', '.join(literal(str(self._folder / one.file)) for one in kept)}])"

    def _sweep(self, kind: ResourceType, wanted: set[str]) -> None:
        """Remove what neither this nor the former state names; a reader may still have the former open."""
        for file in self._folder.glob(f"{kind.value}.*.parquet"):
            if file.name not in wanted:
                with suppress(OSError):
                    file.unlink()


def new_file(kind: ResourceType) -> str:
    """A file name that was never used."""
    return f"{kind.value}.{uuid.uuid4().hex[:12]}.parquet"


def scope_digest(*said: object) -> str:
    """What a scan covered, so that another question's scan is never taken for it."""
    return json.dumps(said, default=str)


def _within(refused: Sequence[Refusal]) -> str:
    """The rows of those kinds and places that were refused; what has no region is told by its account alone."""
    return "(" + " OR ".join(sorted({_one_within(one) for one in refused})) + ")"


def _one_within(refused: Refusal) -> str:
    region = literal(refused.place.region)
    terms = [f"sub_account_id = {literal(refused.place.account)}"]
    if refused.native_type != EVERY_TYPE:
        terms.append(f"native_type = {literal(refused.native_type)}")
    if refused.place.region:
        terms.append(f"coalesce(region_id, {region}) = {region}")
    return f"({' AND '.join(terms)})"


def _resource(row: dict[str, Any]) -> Resource:
    return Resource.model_validate({name: value for name, value in row.items() if value is not None})
