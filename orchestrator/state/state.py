"""The file of user state: jobs, answers that can be replayed, later budgets, closes, snoozes and purses."""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from orchestrator.ledger.database import Database
from orchestrator.ledger.home import LedgerHome

_SCHEMA: Final = Path(__file__).parent / "schema"
_REMEDY: Final = "Restore state.sqlite from a backup, or move it away to start with empty user state."


class State:
    """Opens short-lived connections; any number of processes may hold a State on one file."""

    def __init__(self, home: LedgerHome) -> None:
        self._database = Database(home.state, _SCHEMA, _REMEDY).prepare()

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection whose reads all see one state of the file."""
        return self._database.reading()

    def committing(self) -> AbstractContextManager[sqlite3.Connection]:
        """A write transaction: all of it becomes visible at once, or nothing."""
        return self._database.committing()
