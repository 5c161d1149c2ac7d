"""
Every failure we anticipate, and what its reader should do next.

* FinOpsError
  + RequestError              the caller can fix the arguments
    - UnknownArgumentError
    - UnknownColumnError
    - UnknownValueError
    - InvalidPeriodError
    - InvalidArgumentError
    - CurrencyMismatchError
    - CursorError
    - SnapshotExpiredError
    - SqlRefusedError
    - UnknownAnswerError
  + AccessError               the operator can fix the credentials or the permissions
    - CredentialsMissingError
    - CredentialsExpiredError
    - PermissionDeniedError
    - RegionDisabledError
    - ClockSkewError
  + SourceError               the data is not there, or not yet, or not readable
    - SourceNotEnabledError
    - DataNotReadyError
    - MissingExtraError
    - UnreadableExportError
    - TooManyRejectsError
  + LedgerError               the local cache refuses rather than answer wrongly
    - LedgerUnavailableError
    - LedgerCorruptError
    - LedgerVersionError
    - TransferCorruptError
  + UpstreamError             the cloud or its server failed; retrying may help
    - ThrottledError
    - PurseEmptyError
    - SourceChangedError
    - UpstreamUnavailableError
    - DeadlineExceededError
  + JobError                  long work ended without its result
    - UnknownJobError
    - JobFailedError
    - JobCrashedError
    - JobStoppedError
    - JobLostError

Each carries a stable `code`, a sentence, a `hint` that says what to do, and `details` for machines. On the wire:
`{"error": {"code", "message", "hint", "details", "trace_id"}}`.
"""

import difflib
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from shared_models.untrusted import shortened, shortened_in

Details = Mapping[str, object]
_LONGEST_TOLD: Final = 1_000
"""What an error repeats of its caller's own words is cut: an answer that refuses must not fill a context."""


def near_matches(wanted: str, known: Iterable[str], limit: int = 5) -> list[str]:
    """Known names that look like the wanted one: same letters in another case first, then the closest spelling."""
    by_fold: dict[str, str] = {}
    for name in known:
        by_fold.setdefault(name.casefold(), name)
    fold = wanted.casefold()
    close = difflib.get_close_matches(fold, by_fold, n=limit, cutoff=0.5)
    inside = sorted(name for name in by_fold if fold and (fold in name or name in fold))
    return [by_fold[name] for name in dict.fromkeys([*close, *inside])][:limit]


class FinOpsError(Exception):
    """The root: a sentence for a reader who will act."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str, details: Details | None = None) -> None:
        super().__init__(message)
        self.message = shortened(message, _LONGEST_TOLD)
        self.hint = shortened(hint, _LONGEST_TOLD)
        self.details = {key: shortened_in(value, _LONGEST_TOLD) for key, value in (details or {}).items()}
        self.trace_id = uuid.uuid4().hex[:16]

    def envelope(self) -> dict[str, dict[str, object]]:
        """The unified form of every error on the wire and in the logs."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "hint": self.hint,
                "details": self.details,
                "trace_id": self.trace_id,
            }
        }

    def text(self) -> str:
        """The envelope as compact JSON: the text of a tool error."""
        return json.dumps(self.envelope(), ensure_ascii=False, separators=(",", ":"), default=str)


class RequestError(FinOpsError):
    """The caller can fix the arguments."""

    code = "invalid_request"


class UnknownArgumentError(RequestError):
    """A tool was called with an argument that it does not have."""

    code = "unknown_argument"

    def __init__(self, unknown: Iterable[str], tool: str, known: Iterable[str]) -> None:
        names, valid = sorted(unknown), sorted(known)
        near = [match for name in names for match in near_matches(name, valid, limit=2)]
        super().__init__(
            f"{tool} has no argument {', '.join(names)}.",
            hint=f"Did you mean {', '.join(near)}?" if near else f"Valid arguments: {', '.join(valid)}.",
            details={"unknown": names, "valid": valid},
        )


class UnknownColumnError(RequestError):
    """A grouping, filter or order names a column that the ledger does not have."""

    code = "unknown_column"

    def __init__(self, column: str, known: Iterable[str]) -> None:
        near = near_matches(column, known)
        super().__init__(
            f"There is no column or dimension {column!r}.",
            hint=f"Near names: {', '.join(near)}." if near else "finops_describe_estate lists the dimensions.",
            details={"column": column, "near": near},
        )


class UnknownValueError(RequestError):
    """A filter names a value that never occurs in that column: an error, not a total of zero."""

    code = "unknown_value"

    def __init__(self, column: str, value: str, near: Iterable[str]) -> None:
        names = list(near)
        super().__init__(
            f"{column} never has the value {value!r}.",
            hint=f"Near values: {', '.join(names)}." if names else f"Group by {column} to see its values.",
            details={"column": column, "value": value, "near": names},
        )


class InvalidPeriodError(RequestError):
    """A period is reversed, empty or not understood."""

    code = "invalid_period"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(
            message,
            hint=hint or "Give start (inclusive) and end (exclusive) as YYYY-MM-DD, or a period such as 2026-10.",
        )


class InvalidArgumentError(RequestError):
    """An argument has a value that the tool cannot use."""

    code = "invalid_argument"

    def __init__(self, argument: str, message: str, hint: str) -> None:
        super().__init__(message, hint=hint, details={"argument": argument})


class CurrencyMismatchError(RequestError):
    """Two currencies would have been added."""

    code = "currency_mismatch"

    def __init__(self, one: str, other: str) -> None:
        super().__init__(
            f"{one} and {other} cannot be added.",
            hint="Group by BillingCurrency, or ask for a conversion with a named rate table.",
            details={"currencies": [one, other]},
        )


class CursorError(RequestError):
    """A cursor belongs to another question, or its snapshot is gone."""

    code = "invalid_cursor"

    def __init__(self, message: str = "This cursor does not belong to this question.") -> None:
        super().__init__(message, hint="Ask again without a cursor.")


class SnapshotExpiredError(RequestError):
    """A cursor, a time or a pin names a state of the ledger that was forgotten; nothing else is answered instead."""

    code = "snapshot_expired"

    def __init__(self, generation: int) -> None:
        super().__init__(
            f"The ledger's snapshot {generation} is no longer kept.",
            hint="Ask again without a cursor, or with a later as_of; retention_days says how long snapshots are kept.",
            details={"snapshot": generation},
        )


class SqlRefusedError(RequestError):
    """A statement is outside of the read-only subset."""

    code = "sql_refused"


class UnknownAnswerError(RequestError):
    """A query id of no answer that is kept."""

    code = "unknown_answer"

    def __init__(self, query_id: str) -> None:
        super().__init__(
            f"No answer with the query id {query_id[:40]!r} is kept.",
            hint="Ask the question again: the same question over the same sources has the same id.",
            details={"query_id": query_id[:40]},
        )


class AccessError(FinOpsError):
    """The operator can fix the credentials or the permissions."""

    code = "access_denied"


class CredentialsMissingError(AccessError):
    """The cloud's own credential chain found nothing."""

    code = "credentials_missing"


class CredentialsExpiredError(AccessError):
    """The credentials were valid and are no longer."""

    code = "credentials_expired"


class RegionDisabledError(AccessError):
    """The account has not enabled the region."""

    code = "region_disabled"

    def __init__(self, region: str, *, on: str) -> None:
        super().__init__(
            f"The region {region} is not enabled on {on}, or the credentials are not valid there.",
            hint=f"Enable {region}, or leave it out of the regions.",
            details={"region": region, "on": on},
        )


class ClockSkewError(AccessError):
    """The clock of this machine is too far off for the cloud to accept its signatures."""

    code = "clock_skew"


class PermissionDeniedError(AccessError):
    """The cloud refused one named permission."""

    code = "permission_denied"

    def __init__(self, permission: str, *, on: str, hint: str | None = None) -> None:
        super().__init__(
            f"{permission} was refused on {on}.",
            hint=hint or f"Grant {permission} (read-only) and retry.",
            details={"permission": permission, "on": on},
        )


class SourceError(FinOpsError):
    """The data is not there, or not yet, or not readable."""

    code = "source_error"


class SourceNotEnabledError(SourceError):
    """The source cannot serve that question."""

    code = "source_not_enabled"

    def __init__(self, wanted: str, *, source: str, hint: str) -> None:
        super().__init__(f"{source} does not serve {wanted}.", hint=hint, details={"wanted": wanted, "source": source})


class DataNotReadyError(SourceError):
    """The data is expected and has not arrived."""

    code = "data_not_ready"


class MissingExtraError(SourceError):
    """An optional part of the installation is missing."""

    code = "missing_extra"

    def __init__(self, extra: str, *, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the optional part [{extra}].",
            hint=f"pip install 'skyledger[{extra}]'",
            details={"extra": extra},
        )


class UnreadableExportError(SourceError):
    """A bill cannot be read: the file, row and column say where, the hint says what to do."""

    code = "unreadable_export"

    def __init__(
        self, problem: str, *, file: str, hint: str, row: int | None = None, column: str | None = None
    ) -> None:
        where = [file, *([f"row {row}"] if row is not None else []), *([f"column {column}"] if column else [])]
        super().__init__(
            f"{problem} ({', '.join(where)})", hint=hint, details={"file": file, "row": row, "column": column}
        )


class TooManyRejectsError(SourceError):
    """More rows were rejected than the import may tolerate; nothing was changed."""

    code = "too_many_rejects"


class LedgerError(FinOpsError):
    """The local cache refuses rather than answer wrongly."""

    code = "ledger_error"


class LedgerUnavailableError(LedgerError):
    """The ledger's folder cannot be used: full, read-only, no permission, or a lock that did not come free."""

    code = "ledger_unavailable"


class LedgerCorruptError(LedgerError):
    """A file of the ledger is not what the catalogue says it is."""

    code = "ledger_corrupt"


class LedgerVersionError(LedgerError):
    """The ledger was written by a newer version."""

    code = "ledger_version"


class TransferCorruptError(LedgerError):
    """A bulk part arrived with other rows, totals or bytes than announced."""

    code = "transfer_corrupt"


class UpstreamError(FinOpsError):
    """The cloud or its server failed; retrying may help."""

    code = "upstream_error"


class ThrottledError(UpstreamError):
    """The cloud asked us to slow down for longer than the deadline allows."""

    code = "throttled"


class PurseEmptyError(UpstreamError):
    """The day's limit for paid calls is reached: nothing more is asked until it resets."""

    code = "purse_empty"

    def __init__(
        self, purse: str, *, limit: str, spent: str, unit: str, resets_at: str, why: str | None = None
    ) -> None:
        super().__init__(
            f"{spent} of {limit} {unit} a day are spent from the purse {purse}; it resets at {resets_at}."
            + (f" {why}" if why else ""),
            hint="Wait for the reset, raise the limit, or ask what exported data answers for free.",
            details={"purse": purse, "limit": limit, "spent": spent, "unit": unit, "resets_at": resets_at},
        )


class SourceChangedError(UpstreamError):
    """What was being read changed while it was read, again and again; nothing mixed is answered."""

    code = "source_changed"


class UpstreamUnavailableError(UpstreamError):
    """A server could not be reached, or died in mid-call."""

    code = "upstream_unavailable"


class DeadlineExceededError(UpstreamError):
    """A server did not answer in time."""

    code = "deadline_exceeded"


class JobError(FinOpsError):
    """Long work ended without its result."""

    code = "job_error"


class UnknownJobError(JobError):
    """There is no job of this id; old ones are forgotten after a week."""

    code = "unknown_job"

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"There is no job {job_id!r}.", hint="Use the job_id of finops_sync; jobs are kept for a week."
        )


class JobFailedError(JobError):
    """The work was refused; the details hold the error that it met."""

    code = "job_failed"

    def __init__(self, job_id: str, error: Details) -> None:
        super().__init__(
            str(error.get("message", "The work ended without a result.")),
            hint=str(error.get("hint", "Start it again.")),
            details={"job_id": job_id, "error": dict(error)},
        )


class JobCrashedError(JobError):
    """Something that nobody anticipated ended the work; the log has the rest under the trace id."""

    code = "job_crashed"

    def __init__(self) -> None:
        super().__init__(
            "The work failed unexpectedly.", hint="Start it again; if it fails again, report the trace_id."
        )


class JobStoppedError(JobError):
    """The server ended before the work did."""

    code = "job_stopped"

    def __init__(self) -> None:
        super().__init__("The server ended before the work did.", hint="Start it again; it goes on where it stopped.")


class JobLostError(JobError):
    """The process that did the work died."""

    code = "job_lost"

    def __init__(self) -> None:
        super().__init__("The process that did the work died.", hint="Start it again; it goes on where it stopped.")
