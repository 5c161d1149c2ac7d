"""Pages over what a question to a cloud found, kept on disk until it is too old; a question costs its requests once."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import anyio
import anyio.to_thread
from pydantic import BaseModel, TypeAdapter, ValidationError

from servers.kit.ports import Slice
from serving.files import write_whole
from shared_models.coverage import Gap
from shared_models.disk import unavailable

Item = TypeVar("Item", bound=BaseModel)
_ASK_AGAIN: Final = timedelta(minutes=5)
"""An answer with gaps is asked for again after this time."""


@dataclass(frozen=True)
class Found(Generic[Item]):
    """What a question found, in its stable order, and what it could not find out."""

    items: tuple[Item, ...]
    gaps: tuple[Gap, ...] = ()


class KeptItems(Generic[Item]):
    """One port over a reader; what differs in `asks` is another question, other conditions narrow its answer."""

    def __init__(
        self,
        model: type[Item],
        read: Callable[[Mapping[str, object]], Awaitable[Found[Item]]],
        folder: Path,
        clock: Callable[[], datetime],
        *,
        fresh_for: timedelta,
        asks: Sequence[str] = (),
    ) -> None:
        kept: Any = tuple[datetime, tuple[model, ...], tuple[Gap, ...]]  # pyright: ignore[reportInvalidTypeForm]
        self._adapter: TypeAdapter[tuple[datetime, tuple[Item, ...], tuple[Gap, ...]]] = TypeAdapter(kept)
        self._read = read
        self._folder = folder
        self._clock = clock
        self._fresh_for = fresh_for
        self._asks = tuple(asks)
        self._reading = anyio.Lock()
        self.fetched_at: datetime | None = None

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[Item]:
        """Items that meet the conditions; a first page asks again what is too old, the next ones do not.

        Raises:
            LedgerUnavailableError: the disk refused.

        """
        asked = {name: conditions.get(name) for name in self._asks}
        file = self._folder / f"{hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()[:16]}.json"
        async with self._reading:
            self.fetched_at, items, gaps = await self._kept(file, asked, first=offset == 0)
        wanted = [
            item
            for item in items
            if all(value is None or getattr(item, name, value) == value for name, value in conditions.items())
        ]
        return Slice(
            tuple(wanted[offset : offset + limit]), len(wanted), gaps, snapshot=f"{self.fetched_at:%Y%m%dT%H%M%S.%f}"
        )

    async def _kept(
        self, file: Path, asked: Mapping[str, object], *, first: bool
    ) -> tuple[datetime, tuple[Item, ...], tuple[Gap, ...]]:
        kept = await anyio.to_thread.run_sync(self._load, file)
        if kept is not None:
            at, _, gaps = kept
            age = self._clock() - at
            if not first or age < (min(self._fresh_for, _ASK_AGAIN) if gaps else self._fresh_for):
                return kept
        found = await self._read(asked)
        now = self._clock()
        await anyio.to_thread.run_sync(self._save, file, (now, found.items, found.gaps))
        return now, found.items, found.gaps

    def _load(self, file: Path) -> tuple[datetime, tuple[Item, ...], tuple[Gap, ...]] | None:
        try:
            return self._adapter.validate_json(file.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _save(self, file: Path, kept: tuple[datetime, tuple[Item, ...], tuple[Gap, ...]]) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(file, self._adapter.dump_json(kept))
        except OSError as error:
            raise unavailable(error, file.name) from error
