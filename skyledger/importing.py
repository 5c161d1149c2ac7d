"""`skyledger import`: convert through the servers' kit, adopt into the ledger, and show the account of every row."""

import argparse
import json
import shutil
import uuid
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from orchestrator.ledger.adopt import Adoption
from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.loads import IMPORT
from orchestrator.settings import load_settings
from servers.kit.datasets.bill_conformance import Bill, conformance_parts
from servers.kit.datasets.focus_files import convert_datasets
from servers.kit.exports.convert import ConvertOptions, convert
from servers.kit.exports.grouping import holds_bills
from shared_models.export import ConvertedExport, ExportPart, ImportReport, Residual
from shared_models.period import utc_now
from shared_models.untrusted import safe_text
from skyledger.clouds import native_formats
from skyledger.progress import progress_bar
from skyledger.tables import print_tables


def import_bills(options: argparse.Namespace) -> int:
    """Import what lies under a path; 0 when it is booked.

    Raises:
        FinOpsError: it could not be read or booked; nothing was changed.

    """
    settings = load_settings()
    ledger = Ledger(settings.ledger_home)
    datasets = Datasets(ledger)
    scratch = ledger.home.staging / f"import-{uuid.uuid4().hex}"
    share = settings.max_reject_share if options.max_reject_share is None else options.max_reject_share
    try:
        with progress_bar("import") as progress, ledger.home.writing():
            chosen = ConvertOptions(max_reject_share=share, source_key=options.source)
            beside = convert_datasets(options.path, scratch, provider=options.provider, options=chosen)
            converted: tuple[ConvertedExport, ...] = ()
            if not beside or holds_bills(options.path, native_formats()):
                converted = convert(
                    options.path,
                    scratch,
                    provider=options.provider,
                    natives=native_formats(),
                    options=chosen,
                    progress=lambda done, what: progress(done * 0.7, what),
                )
            reports = [ledger.keep_rejected(export.report) for export in converted]
            said = [ledger.keep_rejected(dataset.report) for dataset in beside]
            parts = [part for export in converted for part in export.parts]
            snapshots = [part for dataset in beside for part in dataset.parts]
            snapshots += conformance_parts(_unknown(ledger, parts), scratch)
            datasets.receive(snapshots)
            now = utc_now()
            counted = {load.load_id for load in ledger.snapshot().booked}
            adopted = ledger.adopt(
                parts,
                reports,
                now=now,
                reason=IMPORT,
                progress=lambda done, what: progress(0.7 + done * 0.3, what),
                beside=lambda it: datasets.book_within(it, snapshots, said, now=now, reason="import datasets"),
            )
        snapshot = ledger.snapshot()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        ledger.close()
    shas = {part.sha256 for part in parts}
    aside = sorted(
        f"{load.provider} {load.billing_account_id} {load.billing_period_start:%Y-%m} ({load.source_format.value})"
        for load in snapshot.loads
        if not load.booked and (load.sha256 in shas or load.load_id in counted)
    )
    if options.json:
        body = {
            "generation": snapshot.generation,
            "parts_added": adopted.added,
            "parts_unchanged": adopted.unchanged,
            "datasets_booked": adopted.beside,
            "not_counted": aside,
            "reports": [report.model_dump(mode="json") for report in (*reports, *said)],
        }
        print(json.dumps(body, ensure_ascii=False))
    else:
        _show([*reports, *said], adopted, aside)
    return 0


def _unknown(ledger: Ledger, parts: Sequence[ExportPart]) -> list[Bill]:
    """The bills that the ledger does not have yet: the others were checked when they came."""
    known = {load.sha256 for load in ledger.snapshot().loads}
    return [Bill.of(part) for part in parts if part.sha256 not in known]


def _show_account(title: str, residuals: Sequence[Residual], console: Console) -> None:
    """Rows of which nothing was rejected and nothing is left over need no columns for it: one line says so."""
    console.print(Text(title, overflow="fold"))
    if not residuals:
        return
    plainly = not any(line.rejected for line in residuals)
    exact = not any(line.residual for line in residuals)
    rows = [
        {
            "billing_period": line.billing_period_start[:7],
            "metric": line.metric.value.removesuffix("Cost"),
            "currency": line.currency,
            "source": line.source,
            **({} if plainly else {"rejected": line.rejected}),
            "ledger": line.ledger,
            **({} if exact else {"residual": line.residual}),
        }
        for line in residuals
    ]
    print_tables("source - rejected - ledger = residual", rows, console)
    zero = [name for name, is_zero in (("rejected", plainly), ("residual", exact)) if is_zero]
    if zero:
        console.print(f"{' and '.join(zero)}: 0 in every line")


def _show(reports: Sequence[ImportReport], adopted: Adoption, aside: Sequence[str]) -> None:
    console = Console()
    for report in reports:
        what = f"{report.dataset.value}, {report.source_format}" if report.dataset else report.source_format.value
        _show_account(f"{what} from {report.source_key}", report.residuals, console)
        console.print(
            f"{report.rows_read} rows read, {report.rows_kept} kept, {report.rows_rejected} set aside;"
            f" filed under {report.provider}"
        )
        for found in report.rejections:
            where = f"{found.file}, row {found.row}" + (f", column {found.column}" if found.column else "")
            console.print(f"  {found.rows} rows: {found.reason} (first: {where} {safe_text(found.example)!r})")
        for note in report.notes:
            console.print(f"  note: {note}")
    console.print(
        f"{adopted.added} parts booked, {adopted.unchanged} unchanged; {adopted.beside} dataset snapshots booked"
    )
    for name in aside:
        console.print(f"  not counted, kept to reconcile: {name} - another source of record covers it")
