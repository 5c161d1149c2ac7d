"""`skyledger conformance`: bills against FOCUS, by the built-in 1.4 rules or by a published requirements model."""

from pathlib import Path

import duckdb

from orchestrator.ledger.ledger import Ledger
from orchestrator.settings import Settings
from servers.kit.conformance.builtin import builtin_model
from servers.kit.conformance.check import check, check_facts
from servers.kit.conformance.facts import open_bill
from servers.kit.conformance.model import RequirementsModel
from shared_models.conformance import ConformanceReport


def check_ledger(settings: Settings) -> list[ConformanceReport]:
    """One report per booked load, in order."""
    ledger = Ledger(settings.ledger_home)
    try:
        return [
            check_facts(
                str(ledger.fact_path(load)),
                f"{load.provider} {load.billing_account_id} {load.billing_period_start:%Y-%m}",
            )
            for load in ledger.snapshot().booked
        ]
    finally:
        ledger.close()


def check_file(bill: Path, model: Path | None) -> ConformanceReport:
    """The report of one FOCUS file, as it is.

    Raises:
        InvalidArgumentError: the bill or the model cannot be read.

    """
    rules = RequirementsModel.load(model) if model else builtin_model()
    with duckdb.connect(":memory:") as connection:
        untyped = open_bill(connection, bill, "bill")
        return check(connection, "bill", model=rules, untyped=untyped, name=bill.name)
