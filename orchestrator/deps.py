"""What the orchestrator's tools work with, opened once per process on first use."""

import threading
from collections.abc import Callable
from datetime import datetime
from functools import cached_property

import anyio

from orchestrator.business.calendar import FiscalCalendar
from orchestrator.federation.federation import Federation
from orchestrator.ledger.datasets import DatasetName, Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from orchestrator.settings import Settings
from orchestrator.sql.limits import Limits
from orchestrator.sql.pool import WorkerPool
from orchestrator.state.state import State
from shared_models.server_card import Port, ServerCard

_ASK_SECONDS = 3.0


class Deps:
    """The ledger, the engine, the calendar, the upstream servers, the clock."""

    def __init__(self, settings: Settings, federation: Federation, clock: Callable[[], datetime]) -> None:
        self.sql_limits = Limits()
        self._workers: WorkerPool | None = None
        self.settings = settings
        self.federation = federation
        self.clock = clock
        self._guard = threading.Lock()
        self._ledger: Ledger | None = None
        self._engine: tuple[tuple[str, ...], QueryEngine] | None = None
        self._offering: tuple[str, ...] | None = None

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

    @property
    def sql_workers(self) -> WorkerPool:
        """The processes that run agents' SQL, started on first use."""
        if self._workers is None:
            self._workers = WorkerPool(self.sql_limits)
        return self._workers

    @cached_property
    def state(self) -> State:
        """User state, which a rebuild of the ledger never touches."""
        return State(self.ledger.home)

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

    async def cost_providers(self) -> tuple[str, ...]:
        """The clouds whose servers offer bills, asked once a process: what the ledger should hold."""
        if self._offering is None:
            with anyio.move_on_after(_ASK_SECONDS):
                cards = await self.federation.ask_all("describe_server", {}, ServerCard, deadline=_ASK_SECONDS)
                offering = (name for name, card in cards.items.items() if Port.COSTS in card.offers)
                self._offering = tuple(sorted(offering))
        return self._offering or ()

    def close(self) -> None:
        """Give back what was opened."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None
        with self._guard:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = self._engine = None
