"""FOCUS bills as files, and their way through the real import into a ledger."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from orchestrator.business.config import BusinessConfig
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.loads import IMPORT
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from servers.kit.exports.convert import ConvertOptions, convert
from servers.kit.exports.native import NativeFormat
from shared_models.export import ConvertedExport
from shared_models.period import ChargePeriod
from tests.builders import NOW

OCTOBER = ChargePeriod.month(2026, 10)
VALUES: Mapping[str, str] = {
    "BilledCost": "1", "EffectiveCost": "1", "ListCost": "1", "ContractedCost": "1", "BillingAccountId": "b1",
    "BillingCurrency": "USD", "BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargePeriodStart": "2026-10-02T00:00:00Z", "ChargePeriodEnd": "2026-10-03T00:00:00Z", "ChargeCategory": "Usage",
    "ServiceName": "S", "ServiceCategory": "Compute", "ProviderName": "AWS", "SubAccountId": "s1", "Tags": '{"a":"b"}',
}  # fmt: skip


def focus_csv(file: Path, rows: Sequence[Mapping[str, str]], header: Sequence[str] | None = None) -> Path:
    """A bill whose rows say only what a test is about."""
    file.parent.mkdir(parents=True, exist_ok=True)
    names = header or list(dict.fromkeys([*VALUES, *(name for row in rows for name in row)]))
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows([{**VALUES, **row} for row in rows])
    return file


class Books:
    """A ledger that imports what lies under a path."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger = ledger
        self._folder = folder
        self._imports = 0

    def take(
        self, path: Path, *, natives: Sequence[NativeFormat] = (), share: float = 0.01, reason: str = IMPORT
    ) -> list[ConvertedExport]:
        """Convert and book; what was booked."""
        self._imports += 1
        options = ConvertOptions(max_reject_share=share)
        out = self._folder / f"out-{self._imports}"
        found = convert(path, out, provider=None, natives=natives, options=options)
        self.ledger.adopt([part for one in found for part in one.parts], [], now=NOW, reason=reason)
        return list(found)

    def ask(self, *group_by: str, period: ChargePeriod = OCTOBER):
        """The costs of a period."""
        return QueryEngine(self.ledger, BusinessConfig()).ask(Question(period, group_by=group_by))

    def costs(self, *group_by: str, period: ChargePeriod = OCTOBER) -> dict[tuple[str | None, ...], Decimal]:
        """What a period cost by group; by () in all."""
        answer = self.ask(*group_by, period=period)
        if not group_by:
            return {(): sum((total.amount for total in answer.totals), Decimal(0))}
        return {group.keys: group.amount for group in answer.data}


@contextmanager
def books(folder: Path, home: Path | None = None) -> Iterator[Books]:
    """Books in a folder, closed at the end."""
    ledger = Ledger(home or folder / "ledger")
    try:
        yield Books(ledger, folder)
    finally:
        ledger.close()
