"""What the rows of an agent's statement rest on: the files read, the cost metrics named, the tables that are empty."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from orchestrator.evidence import SqlEvidence, grounds
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.sql.guard import Checked
from orchestrator.sql.tables import COST_AND_USAGE, Source
from shared_models.export import CostBasis


def sql_evidence(
    snapshot: Snapshot, checked: Checked, sources: Mapping[str, Sequence[Source]], rows: int
) -> SqlEvidence:
    """The evidence of a checked statement that read these files of a snapshot."""
    read = [source for name in checked.tables for source in sources[name]]
    return SqlEvidence(
        **grounds(snapshot, "run_sql", [checked.sql], read),
        basis=", ".join(_metrics(checked)) or "no cost metric",
        complete=not empty_tables(checked, sources),
        rows=rows,
    )


def empty_tables(checked: Checked, sources: Mapping[str, Sequence[Source]]) -> list[str]:
    """The tables of a statement of which the ledger holds nothing."""
    return [name for name in checked.tables if not sources[name]]


def _metrics(checked: Checked) -> list[str]:
    named = {column.name.lower() for column in checked.tree.find_all(exp.Column)}
    every = COST_AND_USAGE.name in checked.tables and any(
        select.is_star for select in checked.tree.find_all(exp.Select)
    )
    return [basis.value for basis in CostBasis if every or basis.value.lower() in named]
