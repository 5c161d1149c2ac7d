"""`skyledger conformance`: each booked load against the FOCUS 1.4 rules that its columns declare."""

from orchestrator.ledger.ledger import Ledger
from orchestrator.settings import Settings
from servers.kit.conformance.check import ConformanceReport, check_facts


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
