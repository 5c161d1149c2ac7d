"""What focus-data-toolkit, which knows nothing of us, finds in our FOCUS 1.4 output: nothing that the source did not say."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb
import pytest
from focus_data_toolkit.io.row_source import read_source_rows
from focus_data_toolkit.model.validator import lint_focus_1_4_structure, resolve_dataset

from orchestrator.ledger.ledger import Ledger
from servers.kit.exported.focus_files import FocusFiles
from shared_models.dataset import FOCUS_DATASETS
from shared_models.focus.cost_and_usage import COST_AND_USAGE
from shared_models.quoting import literal, quoted
from skyledger.clouds import CLOUDS

AS_EXPORTED = "the export has it so, and its own text is kept"
DIFFERENCES: Final = {
    ("custom_key_not_prefixed", "SkuPriceDetails"): AS_EXPORTED,
    ("custom_key_not_prefixed", "AllocatedMethodDetails"): AS_EXPORTED,
    ("details_without_sku_price_id", "SkuPriceDetails"): AS_EXPORTED,
    ("required_with_sku_price_id", "ListUnitPrice"): "Azure leaves prices out, as its conformance report says",
    ("required_with_sku_price_id", "ContractedUnitPrice"): "Azure leaves prices out, as its conformance report says",
    ("null_not_allowed", "PricingCurrencyEffectiveCost"): "Azure's FOCUS 1.2 export has no column for it, and nothing invents it",
    ("cost_not_unit_price_times_quantity", "ListCost"): "prices and quantities of an export are rounded, costs are not",
    ("cost_not_unit_price_times_quantity", "ContractedCost"): "prices and quantities of an export are rounded, costs are not",
    ("bad_unit", "ConsumedUnit"): "a marketplace seller's unit is 1",
    ("bad_unit", "PricingUnit"): "a marketplace seller's unit is 1",
}  # fmt: skip
"""What the toolkit says of the bills, each with the reason why it stays: an importer does not mend a bill."""
NAMES: Final = {
    "cost_and_usage": "Cost and Usage",
    "contract_commitment": "Contract Commitment",
    "billing_period": "Billing Period",
    "invoice_detail": "Invoice Detail",
}


@pytest.fixture(scope="module")
def written(organisation: Path, ledger: Ledger) -> Path:
    """The four datasets as CSV; a conditional column in which nothing stands does not apply and is left out."""
    folder = organisation.parent / "focus-1.4"
    folder.mkdir()
    parts: dict[str, list[str]] = {"cost_and_usage": [str(ledger.fact_path(load)) for load in ledger.snapshot().booked]}
    for cloud in CLOUDS:
        for one in FocusFiles(organisation / cloud, organisation.parent / "focus-files", cloud).converted():
            for part in one.parts:
                parts.setdefault(part.name.value, []).append(part.path)
    relations = {name: f"read_parquet([{', '.join(map(literal, files))}])" for name, files in parts.items()}
    columns = {name.value: dataset.columns for name, dataset in FOCUS_DATASETS.items()}
    columns["cost_and_usage"] = COST_AND_USAGE.columns
    with duckdb.connect(":memory:") as connection:
        for name, relation in relations.items():
            own = ", ".join(quoted(column.name) for column in columns[name])
            connection.execute(f"CREATE TABLE {name} AS SELECT {own} FROM {relation}")
            text = ", ".join(used_columns(connection, name))
            connection.execute(f"COPY (SELECT {text} FROM {name}) TO '{folder / name}.csv' (HEADER)")
    return folder


def used_columns(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
    """The columns that have a value, as FOCUS writes them."""
    for name, kind, *_ in connection.execute(f"DESCRIBE {table}").fetchall():
        if connection.execute(f"SELECT count({quoted(name)}) FROM {table}").fetchall() == [(0,)]:
            continue
        if kind.startswith("MAP"):
            yield f"CAST(CAST({quoted(name)} AS JSON) AS VARCHAR) AS {quoted(name)}"
        elif kind.startswith("TIMESTAMP"):
            yield f"strftime({quoted(name)}, '%Y-%m-%dT%H:%M:%SZ') AS {quoted(name)}"
        else:
            yield quoted(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_of_ours_has_no_fault_but_those_of_its_source(written: Path, name: str) -> None:
    dataset = resolve_dataset(NAMES[name])
    report = lint_focus_1_4_structure(dataset, read_source_rows(str(written / f"{name}.csv"), dataset=dataset))

    found = {(fault.rule, fault.column) for fault in report.violations}
    assert report.row_count > 0
    assert found == (set(DIFFERENCES) if name == "cost_and_usage" else set())


def test_the_four_datasets_agree_with_each_other(written: Path) -> None:
    files = [text for name in NAMES for text in (f"--{name.replace('_', '-')}", str(written / f"{name}.csv"))]
    command = [sys.executable, "-m", "focus_data_toolkit", "validate-bundle", *files]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "validated: Billing Period, Contract Commitment, Cost and Usage, Invoice Detail" in done.stdout
    assert "bundle validation: OK" in done.stdout
