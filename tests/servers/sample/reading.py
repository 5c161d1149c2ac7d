"""Where the sample organisation's files lie, for tests that read them without the project's own readers."""

import json
from pathlib import Path

AWS = "aws/costs/quillhaven-focus/data/*/*.parquet"
JAPAN = "aws/costs/quillhaven-japan-focus/data/*/*.parquet"
GOOGLE = "gcp/costs/gcp_billing_export_focus_*/*.parquet"
DETAILED = "gcp/costs/gcp_billing_export_resource_v1_*/*.parquet"


def azure_runs(root: Path) -> dict[str, list[Path]]:
    """Period -> its runs, the newest last."""
    periods = sorted((root / "azure/costs/quillhaven-focus-cost").iterdir())
    return {period.name: sorted(period.iterdir(), key=_submitted) for period in periods}


def azure(root: Path) -> str:
    """SQL: the rows of each period's newest run."""
    files = [f"'{file}'" for runs in azure_runs(root).values() for file in sorted(runs[-1].glob("*.csv.gz"))]
    return f"read_csv([{', '.join(files)}], header=true, all_varchar=true, quote='\"', escape='\"')"


def parquet(root: Path, pattern: str) -> str:
    """SQL: the rows of one export."""
    return f"read_parquet('{root / pattern}', hive_partitioning=false)"


def _submitted(run: Path) -> str:
    return json.loads((run / "manifest.json").read_text(encoding="utf-8"))["runInfo"]["submittedTime"]
