"""`skyledger doctor`, `rebuild`, `sources`, `prefer`: what an owner does for the ledger now and then."""

import argparse
import json
import platform
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console

from orchestrator.ledger.catalog import Catalog
from orchestrator.ledger.dataset_files import lost_datasets
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.loads import Load
from orchestrator.ledger.rebuild import rebuild as rebuild_ledger
from orchestrator.ledger.upkeep import prefer as prefer_source
from orchestrator.ledger.upkeep import sweep
from orchestrator.settings import load_settings
from shared_models.errors import FinOpsError
from shared_models.period import utc_now
from skyledger.configured import cloud_lines, settings_file
from skyledger.tables import print_records

_PARTS = ("mcp", "duckdb", "sqlglot", "pydantic")


def sources(_options: argparse.Namespace) -> int:
    """Every source of every billing account: its periods, whether they count, its rows."""
    ledger = Ledger(load_settings().ledger_home)
    by_source: dict[tuple[str, str, str, str], list[Load]] = {}
    for load in ledger.snapshot().loads:
        key = (load.provider, load.billing_account_id, load.source_format.value, load.source_key)
        by_source.setdefault(key, []).append(load)
    rows = [
        {
            "provider": provider,
            "billing_account": account,
            "format": source_format,
            "source": source,
            "counts": _months([load for load in loads if load.booked]),
            "kept_to_reconcile": _months([load for load in loads if not load.booked]),
            "rows": sum(load.rows for load in loads),
        }
        for (provider, account, source_format, source), loads in sorted(by_source.items())
    ]
    if rows:
        print_records("Source", rows, Console())
    else:
        print("the ledger is empty; next: skyledger import PATH --provider aws")
    return 0


def _months(loads: Sequence[Load]) -> str | None:
    """The billing periods in a few words."""
    months = sorted({f"{load.billing_period_start:%Y-%m}" for load in loads})
    if not months:
        return None
    return months[0] if len(months) == 1 else f"{len(months)} months, {months[0]} to {months[-1]}"


def prefer(options: argparse.Namespace) -> int:
    """Choose the source of record of one billing account."""
    ledger = Ledger(load_settings().ledger_home)
    prefer_source(ledger.catalog, options.provider, options.billing_account_id, options.source_key, utc_now())
    print("done; `skyledger sources` shows which loads count now")
    return 0


def rebuild(_options: argparse.Namespace) -> int:
    """The catalogue from its journal where it is damaged or lost, the cubes from the facts; 1 where facts are lost."""
    settings = load_settings()
    now = utc_now()
    home = LedgerHome(settings.ledger_home)
    rebuilt = rebuild_ledger(home, now)
    if rebuilt.untold:
        print("CHECK catalogue and journal are both lost: import the bills again; the facts stay until the next sync")
        return 1
    removed = sweep(Catalog(home), retention=timedelta(days=settings.retention_days), now=now)
    if rebuilt.set_aside:
        print(f"the catalogue was damaged: set aside as {rebuilt.set_aside.name}, made again from the journal")
    if rebuilt.gaps:
        print(f"CHECK {rebuilt.gaps} commits of the journal cannot be read: sync, or import the bills again")
    for load in rebuilt.lost:
        name = f"{load.provider} {load.billing_account_id} {load.billing_period_start:%Y-%m}"
        print(f"CHECK the facts of {name} are gone or damaged: import {load.source_key} again")
    for lost in rebuilt.lost_datasets:
        print("CHECK", _lost_dataset(*lost))
    made = f"{rebuilt.cubes} cubes made again from their facts"
    print(f"{made}, {removed} unreferenced files removed; user state not touched")
    return 1 if rebuilt.lost or rebuilt.lost_datasets or rebuilt.gaps else 0


def doctor(_options: argparse.Namespace) -> int:
    """The installation, the settings and the ledger, one line each; 1 when something needs attention."""
    lines: list[tuple[bool, str]] = [(True, f"Python {platform.python_version()} on {platform.system()}")]
    for name in _PARTS:
        try:
            lines.append((True, f"{name} {version(name)}"))
        except PackageNotFoundError:
            lines.append((False, f"{name} is not installed"))
    try:
        settings = load_settings()
        lines += [(True, f"home {settings.home}"), (True, settings_file(settings))]
        ledger = Ledger(settings.ledger_home)
        snapshot = ledger.snapshot()
        span = f"{snapshot.span.start:%Y-%m-%d} to {snapshot.span.end:%Y-%m-%d}" if snapshot.span else "empty"
        lines.append((True, f"ledger generation {snapshot.generation}, {len(snapshot.booked)} loads count, {span}"))
        ledger.catalog.check()
        lines += [(False, fault) for load in snapshot.loads if (fault := _fault(ledger, load))]
        lines += [(False, _lost_dataset(*lost)) for lost in lost_datasets(ledger.catalog)]
        lines += cloud_lines(settings, snapshot)
        if not snapshot.booked:
            lines.append((True, "next: skyledger import PATH --provider aws, or skyledger orchestrator --sample"))
    except FinOpsError as error:
        lines.append((False, f"{error.message} {error.hint}"))
    for good, text in lines:
        print(("ok    " if good else "CHECK ") + text)
    return 0 if all(good for good, _ in lines) else 1


def _fault(ledger: Ledger, load: Load) -> str | None:
    """What is wrong with a load's facts, as far as their size tells; `rebuild` reads every byte."""
    facts = ledger.fact_path(load)
    name = f"{load.provider} {load.billing_period_start:%Y-%m}"
    if not facts.is_file():
        return f"the facts of {name} are gone; import {load.source_key} again"
    if facts.stat().st_size != load.size_bytes:
        return f"the facts of {name} are damaged; run `skyledger rebuild`, then import {load.source_key} again"
    return None


def _lost_dataset(name: str, provider: str, source_key: str) -> str:
    return f"the dataset {name} of {provider} from {source_key} is gone or damaged: sync, or import it again"


def conformance(options: argparse.Namespace) -> int:
    """A file or the bills that count, checked against FOCUS; 1 where a rule that must hold does not."""
    from servers.kit.conformance.render import report_table  # noqa: PLC0415 - loads the checker only here
    from skyledger.conforming import check_file, check_ledger  # noqa: PLC0415

    reports = [check_file(options.path, options.model)] if options.path else check_ledger(load_settings())
    if options.json:
        print(json.dumps([report.model_dump(mode="json") for report in reports]))
    else:
        console = Console()
        for report in reports:
            console.print(report_table(report))
    return 0 if all(report.conforms for report in reports) else 1
