"""What the orchestrator's tools work with, opened once per process on first use."""

import threading
from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from orchestrator.business.calendar import FiscalCalendar
from orchestrator.federation.federation import Federation
from orchestrator.ledger.datasets import DatasetName, Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from orchestrator.settings import Settings


class Deps:
    """The ledger, the engine, the calendar, the upstream servers, the clock."""

    def __init__(self, settings: Settings, federation: Federation, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.federation = federation
        self.clock = clock
        self._guard = threading.Lock()
        self._ledger: Ledger | None = None
        self._engine: tuple[tuple[str, ...], QueryEngine] | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened on first use so that a server starts at once."""
        with self._guard:
            if self._ledger is None:
                self._ledger = Ledger(self.settings.ledger_home)
            return self._ledger

    @property
    def datasets(self) -> Datasets:
        """Inventory, organisation and the other datasets beside the bills."""
        return Datasets(self.ledger)

    @cached_property
    def calendar(self) -> FiscalCalendar:
        """The owner's fiscal calendar."""
        return FiscalCalendar(self.settings.business.calendar)

    def engine(self) -> QueryEngine:
        """The query engine with the account tree as it is known now; made again only when that changes."""
        ledger = self.ledger
        current = tuple(found.file for found in self.datasets.current(DatasetName.ORGANISATION))
        with self._guard:
            if self._engine is None or self._engine[0] != current:
                records, counts = Datasets(ledger).organisation()
                self._engine = (current, QueryEngine(ledger, self.settings.business, records, counts))
            return self._engine[1]

    def close(self) -> None:
        """Give back what was opened."""
        with self._guard:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = self._engine = None
