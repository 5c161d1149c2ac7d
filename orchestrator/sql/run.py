"""One statement of an agent from its text to its answer: judged, run in a worker, shown with its evidence."""

from collections.abc import Sequence
from typing import cast

import anyio.to_thread

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.sql.answer import SqlAnswer, shown_rows
from orchestrator.sql.currencies import currency_notes
from orchestrator.sql.evidence import empty_tables, sql_evidence
from orchestrator.sql.guard import Checked, check
from orchestrator.sql.limits import Limits
from orchestrator.sql.pool import WorkerPool
from orchestrator.sql.tables import TABLES, Source
from shared_models.errors import DataNotReadyError
from shared_models.untrusted import safe_text

Sources = dict[str, tuple[Source, ...]]


async def run_sql(
    pool: WorkerPool, limits: Limits, ledger: Ledger, snapshot: Snapshot, sql: str, rows: int
) -> SqlAnswer:
    """At most `rows` rows of a statement over a snapshot.

    Raises:
        DataNotReadyError: the tables that it reads were never filled.
        SqlRefusedError: the statement is outside of the allowed SQL, fails, or passes a cap.
        LedgerCorruptError: a file of the snapshot cannot be read.

    """
    checked, sources = await anyio.to_thread.run_sync(_prepared, limits, ledger, snapshot, sql)
    job: dict[str, object] = {
        "tables": {
            name: {"columns": dict(TABLES[name].columns), "files": [str(source.path) for source in found]}
            for name, found in sources.items()
        },
        "sql": checked.first(rows + 1),
        "rows": rows + 1,
        "answer_bytes": limits.answer_bytes,
        "seconds": limits.seconds,
    }
    reply = await pool.run(job, checked.tables)
    columns = cast("list[str]", reply["columns"])
    found = cast("list[list[str | None]]", reply["rows"])
    return SqlAnswer(
        notes=(*currency_notes(checked.tree, _currencies(snapshot)), *_empty_notes(checked, sources)),
        columns=tuple(safe_text(column) for column in columns),
        rows=shown_rows(found[:rows], cast("list[str]", reply["types"])),
        truncated=len(found) > rows,
        evidence=sql_evidence(snapshot, checked, sources, min(len(found), rows)),
    )


def _prepared(limits: Limits, ledger: Ledger, snapshot: Snapshot, sql: str) -> tuple[Checked, Sources]:
    checked = check(sql, limits.statement_characters)
    sources = {name: TABLES[name].sources(ledger, snapshot) for name in checked.tables}
    if checked.tables and not any(sources.values()):
        raise DataNotReadyError(
            f"The ledger holds nothing of {', '.join(checked.tables)} yet.", hint="Run finops_sync, or import a bill."
        )
    return checked, sources


def _currencies(snapshot: Snapshot) -> Sequence[str]:
    return sorted({currency for load in snapshot.booked for currency in load.currencies})


def _empty_notes(checked: Checked, sources: Sources) -> tuple[str, ...]:
    return tuple(f"{name} is empty: the ledger holds nothing of it." for name in empty_tables(checked, sources))
