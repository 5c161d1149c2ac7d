"""The table `anomaly`: what people said of anomalies; what they called expected raises the bar of its scopes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.state.state import State


class AnomalyStatus(StrEnum):
    """Where an anomaly stands; `expected` also teaches the detector."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    EXPECTED = "expected"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Allowance:
    """A change in logs that one scope may show in one direction."""

    currency: str
    where: tuple[tuple[str, str | None], ...]
    sign: int
    change: float


@dataclass(frozen=True)
class Said:
    """What was said of one anomaly last."""

    anomaly_id: str
    status: AnomalyStatus
    note: str
    said_at: str


class Anomalies:
    """Reads and writes the table."""

    def __init__(self, state: State) -> None:
        self._state = state

    def say(
        self, anomaly_id: str, status: AnomalyStatus, note: str, allowances: Sequence[Allowance], now: datetime
    ) -> None:
        """Write a status; the allowances count while it is `expected`.

        Raises:
            LedgerUnavailableError: the file cannot be written.

        """
        written = [[one.currency, one.where, one.sign, one.change] for one in allowances]
        with self._state.committing() as connection:
            connection.execute(
                "INSERT INTO anomaly VALUES (?, ?, ?, ?, ?) ON CONFLICT (anomaly_id) DO UPDATE SET"
                " status = excluded.status, note = excluded.note, said_at = excluded.said_at,"
                " allowances = CASE WHEN excluded.allowances = '[]' THEN allowances ELSE excluded.allowances END",
                [anomaly_id, status.value, note, json.dumps(written), now.isoformat()],
            )

    def said(self) -> dict[str, Said]:
        """What was said, by anomaly.

        Raises:
            LedgerUnavailableError: the file cannot be read.

        """
        with self._state.reading() as connection:
            rows = connection.execute("SELECT anomaly_id, status, note, said_at FROM anomaly").fetchall()
        return {row["anomaly_id"]: Said(row[0], AnomalyStatus(row[1]), row[2], row[3]) for row in rows}

    def allowances(self) -> tuple[Allowance, ...]:
        """What is allowed by the anomalies that stand as expected.

        Raises:
            LedgerUnavailableError: the file cannot be read.

        """
        with self._state.reading() as connection:
            rows = connection.execute("SELECT allowances FROM anomaly WHERE status = 'expected'").fetchall()
        return tuple(
            Allowance(currency, tuple((name, value) for name, value in where), sign, change)
            for row in rows
            for currency, where, sign, change in json.loads(row[0])
        )
