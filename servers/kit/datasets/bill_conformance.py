"""How each bill stands to FOCUS 1.4 as data: one part a bill, worked out once and kept under the bill's own hash."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from servers.kit.conformance.builtin import builtin_model
from servers.kit.conformance.check import check_facts
from servers.kit.datasets.files import Origin
from servers.kit.datasets.items import part_of_items
from serving.files import write_whole
from shared_models.conformance import ConformanceFact
from shared_models.dataset import DatasetName
from shared_models.digest import digest_of
from shared_models.export import DatasetPart, ExportPart

_WORKERS: Final = 2
"""Most of a check is the planning of its statements, which one core does alone."""


@dataclass(frozen=True)
class Bill:
    """One file of line items, and whose bill it is."""

    provider: str
    billing_account_id: str
    billing_period_start: datetime
    source_key: str
    source_format: str
    sha256: str
    path: str
    data_as_of: datetime | None

    @classmethod
    def of(cls, part: ExportPart) -> "Bill":
        """The bill behind an export's part."""
        return cls(
            provider=part.provider,
            billing_account_id=part.billing_account_id,
            billing_period_start=part.billing_period_start,
            source_key=part.source_key,
            source_format=part.source_format.value,
            sha256=part.sha256,
            path=part.path,
            data_as_of=part.data_as_of,
        )

    @property
    def conformance_key(self) -> str:
        """What a restated bill shares with the one it replaces."""
        period = f"{self.billing_period_start:%Y-%m-%d}"
        return f"{self.source_key} | {self.source_format} | {self.billing_account_id} | {period}"


def conformance_parts(bills: Sequence[Bill], out: Path) -> tuple[DatasetPart, ...]:
    """The conformance of these bills, in order; what was worked out before is not worked out again. Blocking.

    Raises:
        UnreadableExportError: the disk refused.

    """
    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        return tuple(pool.map(partial(_part, out), bills))


def _part(out: Path, bill: Bill) -> DatasetPart:
    known = out / f"{_digest(bill)}.conformance.json"
    found = _remembered(known)
    if found is None:
        origin = Origin(DatasetName.CONFORMANCE, bill.provider, bill.conformance_key, bill.data_as_of)
        found = part_of_items(_facts(bill), origin, out)
        write_whole(known, found.model_dump_json().encode())
    return found


def _facts(bill: Bill) -> list[ConformanceFact]:
    report = check_facts(bill.path, bill.provider)
    return [
        ConformanceFact(
            provider=bill.provider,
            billing_account_id=bill.billing_account_id,
            billing_period_start=bill.billing_period_start,
            source_key=bill.source_key,
            source_format=bill.source_format,
            bill_sha256=bill.sha256,
            model=report.model,
            dataset=report.dataset,
            rule_id=result.rule_id,
            column_name=result.column,
            rule=result.rule,
            demand=result.demand,
            status=result.outcome,
            composite=result.composite,
            reason=result.reason,
            rows_checked=report.rows,
            rows_failing=result.rows,
            example_row=result.example_row,
            example_value=result.example_value,
        )
        for result in report.results
    ]


def _remembered(known: Path) -> DatasetPart | None:
    """The part of an earlier time, where its file is still there."""
    try:
        part = DatasetPart.model_validate_json(known.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return part if Path(part.path).is_file() else None


def _digest(bill: Bill) -> str:
    """Changes with the bill's content, with what it is called, and with the rules."""
    named = f"{bill.sha256}\n{bill.provider}\n{bill.conformance_key}\n{_rules_digest()}"
    return digest_of(named)


@cache
def _rules_digest() -> str:
    return digest_of(builtin_model().model_dump_json())
