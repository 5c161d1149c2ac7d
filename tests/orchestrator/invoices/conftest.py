"""A ledger to book bills into, and invoices by hand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from orchestrator.business.config import BusinessConfig
from orchestrator.invoices.answer import InvoiceAnswer
from orchestrator.invoices.reconcile import BillQuestion, reconcile
from orchestrator.invoices.source import InvoiceLine
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from shared_models.period import ChargePeriod
from tests.builders import NOW, OCTOBER, export_part

Reconcile = Callable[..., InvoiceAnswer]


class Invoices:
    """These lines, for the month that is asked."""

    def __init__(self, lines: Sequence[InvoiceLine]) -> None:
        self._lines = lines

    def lines(self, period: ChargePeriod, generation: int) -> Sequence[InvoiceLine]:
        return self._lines


@pytest.fixture
def reconciled(tmp_path: Path) -> Iterator[Reconcile]:
    """Books bills, one list of rows each, and reconciles October with invoice lines."""
    ledger = Ledger(tmp_path / "home")

    def run(bills: Sequence[Sequence[Mapping[str, object]]], *lines: InvoiceLine, **asked: object) -> InvoiceAnswer:
        expected = asked.pop("expected", ())
        ledger.adopt([export_part(tmp_path / "in", rows) for rows in bills], [], now=NOW, reason="test")
        question = BillQuestion(**{"billing_period": OCTOBER, **asked})
        return reconcile(QueryEngine(ledger, BusinessConfig()), Invoices(lines), question, expected=expected)

    yield run
    ledger.close()
