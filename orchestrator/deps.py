"""What the orchestrator's tools work with, opened once per process on first use."""

import math
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import anyio

from orchestrator.business.calendar import FiscalCalendar
from orchestrator.federation.federation import Federation
from orchestrator.invoices.booked import BookedInvoices, EveryInvoice
from orchestrator.invoices.folder import InvoiceFolder
from orchestrator.invoices.source import InvoiceSource
from orchestrator.jobs import JobRunner
from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.proof.answered import Answered
from orchestrator.proof.replay import Replay
from orchestrator.query.engine import QueryEngine
from orchestrator.settings import Settings
from orchestrator.sql.limits import Limits
from orchestrator.sql.pool import WorkerPool
from orchestrator.state.anomaly import Anomalies
from orchestrator.state.answer import Answers
from orchestrator.state.state import State
from serving.logs import structured
from shared_models.dataset import DatasetName
from shared_models.errors import LedgerError
from shared_models.server_card import Port, ServerCard

if TYPE_CHECKING:
    from orchestrator.alerts.watch import Watch
    from orchestrator.forecasts.ask import Forecasts

_ASK_SECONDS = 3.0
_PATIENCE_SECONDS = 60.0


class Deps:
    """The ledger, the engine, the calendar, the upstream servers, the clock."""

    def __init__(self, settings: Settings, federation: Federation, clock: Callable[[], datetime]) -> None:
        self.sql_limits = Limits()
        self._workers: WorkerPool | None = None
        self.settings = settings
        self.federation = federation
        self.clock = clock
        self.jobs = JobRunner(lambda: self.state, clock)
        self._guard = threading.Lock()
        self._ledger: Ledger | None = None
        self._answers: Answers | None = None
        self._engine: tuple[tuple[str, ...], QueryEngine] | None = None
        self._offering: tuple[str, ...] = ()
        self._ask_again = -math.inf

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

    @property
    def answers(self) -> Answers:
        """The answers that were given, to be replayed."""
        state = self.state
        with self._guard:
            if self._answers is None:
                self._answers = Answers(state)
            return self._answers

    @cached_property
    def invoices(self) -> InvoiceSource:
        """The invoices that the owner put into the home folder, and those that came with the bills."""
        return EveryInvoice(InvoiceFolder(self.settings.home / "invoices"), BookedInvoices(lambda: self.datasets))

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

    def anomalies(self, expected: Sequence[str]) -> "Watch":
        """What went wrong, over the query engine as it is now; the statistics are loaded with the first question."""
        from orchestrator.alerts.watch import Watch  # noqa: PLC0415 - numpy costs a tenth of a second

        return Watch(self.engine(), Anomalies(self.state), expected)

    def forecasts(self, expected: Sequence[str]) -> "Forecasts":
        """What will be, over the query engine as it is now; the statistics are loaded with the first question."""
        from orchestrator.forecasts.ask import Forecasts  # noqa: PLC0415 - numpy costs a tenth of a second

        return Forecasts(self.engine(), self.datasets, self.clock(), expected)

    def keep(self, answered: Answered) -> None:
        """Have an answer kept, to be replayed by its query id; one that cannot be kept is still an answer."""
        try:
            self.answers.note(answered.kept(self.clock()))
        except LedgerError as error:
            structured().warning("answer_not_kept", **error.envelope()["error"])

    def replay(self) -> Replay:
        """Replays with the query engine as it is now."""
        return Replay(self.engine(), self.calendar, self.invoices, self.answers)

    async def cost_providers(self) -> tuple[str, ...]:
        """The clouds whose servers offer bills: what the ledger should hold. Asked until all have answered."""
        if anyio.current_time() >= self._ask_again:
            cards = await self.federation.ask_all("describe_server", {}, ServerCard, deadline=_ASK_SECONDS)
            offering = {name for name, card in cards.items.items() if Port.COSTS in card.offers}
            self._offering = tuple(sorted({*self._offering, *offering}))
            # A cloud that hangs shall not slow down every question about the local ledger.
            self._ask_again = math.inf if cards.coverage.complete else anyio.current_time() + _PATIENCE_SECONDS
        return self._offering

    def close(self) -> None:
        """Give back what was opened, after the last answers are written."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None
        if self._answers is not None:
            self._answers.close()
        with self._guard:
            self._answers = None
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = self._engine = None
