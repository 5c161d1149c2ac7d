"""`skyledger conformance`: bills against FOCUS, by the built-in 1.4 rules or by a published requirements model."""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.loads import Load
from orchestrator.settings import Settings
from servers.kit.conformance.builtin import builtin_model
from servers.kit.conformance.check import check
from servers.kit.conformance.facts import open_bill
from servers.kit.conformance.model import RequirementsModel
from servers.kit.datasets.bill_conformance import Bill, conformance_parts
from servers.kit.exports.focus_datasets import recognise_dataset
from shared_models.conformance import ConformanceFact, ConformanceReport, reports_of
from shared_models.dataset import FOCUS_DATASETS, DatasetName
from shared_models.focus.cost_and_usage import COST_AND_USAGE
from shared_models.period import utc_now


def check_ledger(settings: Settings) -> list[ConformanceReport]:
    """One report per booked load, in order, as the ledger has it; what it has not yet is worked out and kept."""
    ledger = Ledger(settings.ledger_home)
    try:
        loads = ledger.snapshot().booked
        datasets = Datasets(ledger)
        facts = _facts(datasets)
        known = {fact.bill_sha256 for fact in facts}
        if missing := [load for load in loads if load.sha256 not in known]:
            _work_out(ledger, datasets, missing)
            facts = _facts(datasets)
    finally:
        ledger.close()
    names = {
        load.sha256: f"{load.provider} {load.billing_account_id} {load.billing_period_start:%Y-%m}" for load in loads
    }
    return reports_of(facts, names)


def check_file(file: Path, model: Path | None) -> ConformanceReport:
    """The report of one FOCUS file, as it is: a bill, or another dataset by its columns.

    Raises:
        InvalidArgumentError: the file or the model cannot be read.

    """
    with duckdb.connect(":memory:") as connection:
        untyped = open_bill(connection, file, "bill")
        columns = [str(row[0]) for row in connection.execute("DESCRIBE bill").fetchall()]
        shape = recognise_dataset(columns)
        dataset = FOCUS_DATASETS[shape.name] if shape else COST_AND_USAGE
        rules = RequirementsModel.load(model) if model else builtin_model(dataset)
        return check(connection, "bill", model=rules, dataset=dataset.name, untyped=untyped, name=file.name)


def _facts(datasets: Datasets) -> list[ConformanceFact]:
    items = datasets.items(*datasets.current(DatasetName.CONFORMANCE))
    return [ConformanceFact.model_validate(item) for item in items]


def _work_out(ledger: Ledger, datasets: Datasets, loads: list[Load]) -> None:
    bills = [
        Bill(
            provider=load.provider,
            billing_account_id=load.billing_account_id,
            billing_period_start=load.billing_period_start,
            source_key=load.source_key,
            source_format=load.source_format.value,
            sha256=load.sha256,
            path=str(ledger.fact_path(load)),
            data_as_of=load.data_as_of,
        )
        for load in loads
    ]
    with TemporaryDirectory(prefix="conformance-", dir=ledger.home.staging, ignore_cleanup_errors=True) as scratch:
        parts = conformance_parts(bills, Path(scratch))
        datasets.book(parts, now=utc_now(), reason="conformance")
