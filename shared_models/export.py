"""Bulk hand-over: FOCUS 1.4 Parquet files, each with what the receiver must find in it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared_models.base import WireModel
from shared_models.coverage import Coverage, DatedBy, Gap
from shared_models.dataset import DatasetName
from shared_models.money import ExactDecimal
from shared_models.page import Pagination


class CostBasis(StrEnum):
    """The four FOCUS cost metrics."""

    BILLED = "BilledCost"
    EFFECTIVE = "EffectiveCost"
    LIST = "ListCost"
    CONTRACTED = "ContractedCost"


class SourceFormat(StrEnum):
    """What kind of bill a load came from; the order is the default precedence, best first."""

    FOCUS_1_4 = "focus-1.4"
    FOCUS_1_3 = "focus-1.3"
    FOCUS_1_2 = "focus-1.2"
    FOCUS_1_1 = "focus-1.1"
    FOCUS_1_0 = "focus-1.0"
    AWS_CUR_2 = "aws-cur-2.0"
    AWS_CUR_LEGACY = "aws-cur-legacy"
    AZURE_AMORTIZED = "azure-amortized"
    AZURE_ACTUAL = "azure-actual"
    AZURE_COMMITMENT_PURCHASES = "azure-commitment-purchases"
    GCP_DETAILED = "gcp-detailed"
    GCP_STANDARD = "gcp-standard"
    OCI_COST_REPORT = "oci-cost-report"
    API = "api"


class CurrencyTotals(WireModel):
    """Row count and the four cost totals of one currency."""

    currency: str
    rows: int
    billed_cost: ExactDecimal
    effective_cost: ExactDecimal
    list_cost: ExactDecimal
    contracted_cost: ExactDecimal


class ExportPart(WireModel):
    """One immutable Parquet file: the rows of one (provider, billing account, billing period, source).

    `source_key` says which export the rows came from (the export's own name where it has one, else where it was
    read): the same key again is a restatement. `bases` are the cost metrics that this source knows; what it does not
    know is a label in every answer, never a silent figure.
    """

    provider: str
    billing_account_id: str
    billing_period_start: datetime
    billing_period_end: datetime
    source_format: SourceFormat
    source_key: str
    fingerprint: str
    bases: tuple[CostBasis, ...]
    pro_forma: bool = False
    path: str
    rows: int
    size_bytes: int
    sha256: str
    totals: tuple[CurrencyTotals, ...]
    sub_account_ids: tuple[str, ...]
    account_rows: int = 0
    """Rows of the billing account itself, without a sub account: tax, support."""
    charge_period_min: datetime
    charge_period_max: datetime
    data_as_of: datetime | None = None
    dated_by: DatedBy | None = None


class Residual(WireModel):
    """One cost metric of one (currency, billing period): source - rejected - ledger = residual, exactly."""

    currency: str
    billing_period_start: str
    metric: CostBasis
    source: ExactDecimal
    rejected: ExactDecimal
    ledger: ExactDecimal
    residual: ExactDecimal


class Rejection(WireModel):
    """Rows kept aside for one reason, with where the first one stands."""

    reason: str
    rows: int
    file: str
    row: int | None = None
    column: str | None = None
    example: str
    expected: bool = False
    """True for rows that are set aside by rule (a split beside its parent), not for a fault."""


class ImportReport(WireModel):
    """What one import read, kept and set aside, and that it adds up."""

    path: str
    provider: str
    source_format: SourceFormat
    source_key: str
    files: int
    rows_read: int
    rows_kept: int
    rows_rejected: int
    rejections: tuple[Rejection, ...]
    residuals: tuple[Residual, ...]
    notes: tuple[str, ...] = ()
    rejected_path: str | None = None
    dataset: DatasetName | None = None
    """None: the bill itself."""


class ConvertedExport(WireModel):
    """What the converter hands over for one export: its parts and its report."""

    parts: tuple[ExportPart, ...]
    report: ImportReport


class DatasetPart(WireModel):
    """One immutable Parquet file: what one source says in one dataset of one provider, all of it.

    The same `source_key` again replaces what it said before; `data_as_of` is how old the source calls its data.
    """

    name: DatasetName
    provider: str
    source_key: str
    path: str
    rows: int
    size_bytes: int
    sha256: str
    data_as_of: datetime | None = None


class ConvertedDataset(WireModel):
    """What the converter hands over for the files of one FOCUS dataset in one export."""

    parts: tuple[DatasetPart, ...]
    report: ImportReport


class PartAccess(WireModel):
    """How the receiver gets one part's bytes: by a path that both sides see, or as numbered, hashed chunks."""

    sha256: str
    chunk_uris: tuple[str, ...] = ()
    chunk_sha256: tuple[str, ...] = ()


class ExportManifest(WireModel):
    """Everything about one bulk hand-over, read as one resource: parts, how to get their bytes, import reports.

    `gaps` names what was asked for and is not here.
    """

    provider: str
    parts: tuple[ExportPart, ...]
    datasets: tuple[DatasetPart, ...] = ()
    access: tuple[PartAccess, ...] = ()
    reports: tuple[ImportReport, ...] = ()
    gaps: tuple[Gap, ...] = ()


class PartLink(WireModel):
    """One part in short: what it covers, and where its bytes are."""

    billing_account_id: str
    billing_period_start: datetime
    source_format: SourceFormat
    rows: int
    sha256: str
    size_bytes: int
    of_record: bool = Field(default=True, description="False: another source of the same bill counts instead")
    path: str | None = None
    chunk_uris: tuple[str, ...] = ()


class ExportAnswer(WireModel):
    """The bulk hand-over of one cloud in short: rows and totals of what counts, this page's parts, the manifest."""

    provider: str
    rows: int
    totals: tuple[CurrencyTotals, ...]
    manifest_uri: str
    manifest_sha256: str
    data: tuple[PartLink, ...]
    datasets: dict[str, int] = Field(default_factory=dict, description="Rows by dataset")
    pagination: Pagination
    coverage: Coverage


def totals_by_currency(parts: tuple[ExportPart, ...]) -> Mapping[str, CurrencyTotals]:
    """The parts' totals, one a currency."""
    found: dict[str, CurrencyTotals] = {}
    for total in (total for part in parts for total in part.totals):
        so_far = found.get(total.currency)
        found[total.currency] = (
            total
            if so_far is None
            else CurrencyTotals(
                currency=total.currency,
                rows=so_far.rows + total.rows,
                billed_cost=so_far.billed_cost + total.billed_cost,
                effective_cost=so_far.effective_cost + total.effective_cost,
                list_cost=so_far.list_cost + total.list_cost,
                contracted_cost=so_far.contracted_cost + total.contracted_cost,
            )
        )
    return found
