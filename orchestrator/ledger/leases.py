"""Leases: a process says which generations it reads, so that a sweep in another one spares their files."""

import os
import sqlite3
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from orchestrator.ledger.catalog import Catalog, require_kept, stamp
from shared_models.errors import LedgerError, LedgerUnavailableError

LEASE: Final = timedelta(hours=1)
_RENEWED_AFTER: Final = LEASE / 2
_TRIED_AGAIN_AFTER: Final = timedelta(minutes=1)
Find = Callable[[sqlite3.Connection], int]


class Leases:
    """The leases of one process; one write per generation and half an hour, none per question."""

    def __init__(self, catalog: Catalog, clock: Callable[[], datetime]) -> None:
        self._catalog = catalog
        self._clock = clock
        self._holder = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self._good_until: dict[int, datetime] = {}
        self._guard = threading.Lock()

    def held(self, generation: int) -> bool:
        """Whether a generation is leased for as long as a question may take."""
        until = self._good_until.get(generation)
        return until is not None and self._clock() < until

    def hold(self, find: Find) -> int:
        """Lease the generation that `find` names and return it; no sweep comes between the two.

        Where the catalogue cannot be written, the generation is read without a lease.

        Raises:
            SnapshotExpiredError: it was swept before.

        """
        with self._guard:
            try:
                with self._catalog.leasing() as connection:
                    generation = find(connection)
                    require_kept(connection, generation)
                    connection.execute(
                        "INSERT INTO lease (generation, holder, expires_at) VALUES (?, ?, ?)"
                        " ON CONFLICT (holder, generation) DO UPDATE SET expires_at = excluded.expires_at",
                        [generation, self._holder, stamp(self._clock() + LEASE)],
                    )
            except LedgerUnavailableError:
                with self._catalog.reading() as connection:
                    generation = find(connection)
                    require_kept(connection, generation)
                self._good_until[generation] = self._clock() + _TRIED_AGAIN_AFTER
            else:
                self._good_until[generation] = self._clock() + _RENEWED_AFTER
            return generation

    def release(self) -> None:
        """Give all leases back; what cannot be given back expires."""
        with self._guard:
            if self._good_until:
                self._good_until.clear()
                with suppress(LedgerError), self._catalog.leasing() as connection:
                    connection.execute("DELETE FROM lease WHERE holder = ?", [self._holder])
