"""Queries that cannot surprise: each is dry-run, paid for from the purses, limited by what it was told, and waited for.

`run(live, sql, on=..., location=...)` is all that a port needs. Nothing that was not estimated is billed: the estimate
is `maximum_bytes_billed`, and what a query billed less is given back.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from servers.gcp.live import Live
from shared_models.errors import DeadlineExceededError, FinOpsError, UpstreamUnavailableError

_TIB: Final = Decimal(2**40)
_MIB: Final = 2**20
_LEAST: Final = 10 * _MIB
"""What BigQuery bills at least for each table that a query names."""
QUERY_PRICE: Final = Decimal("6.25")
READ_PRICE: Final = Decimal("1.10")
"""USD a TiB: on-demand queries, and the Storage Read API; list prices of the multi-regions."""
_LABELS: Final = {"app": "skyledger"}


@dataclass(frozen=True)
class Answered:
    """A query's rows, and the bytes that it billed."""

    rows: tuple[dict[str, Any], ...]
    bytes_billed: int


@dataclass(frozen=True)
class Paid:
    """What was taken from both purses, and the days on which it counts."""

    bytes: int
    dollars: Decimal
    days: tuple[str, str]


def price_of(count: int, per_tib: Decimal) -> Decimal:
    """USD of so many bytes."""
    return count * per_tib / _TIB


def billable(processed: int, tables: int = 1) -> int:
    """What a query is billed for: whole mebibytes, ten for each table at least."""
    return max(_LEAST * tables, -(-processed // _MIB) * _MIB) if processed else 0


def take(live: Live, count: int, per_tib: Decimal) -> Paid:
    """Count bytes and their price before they are read.

    Raises:
        PurseEmptyError: today's limit in bytes or in dollars would be exceeded; nothing was counted.

    """
    dollars = price_of(count, per_tib)
    day = live.bytes.take(Decimal(count))
    try:
        return Paid(count, dollars, (day, live.purse.take(dollars)))
    except FinOpsError:
        live.bytes.give_back(Decimal(count), day)
        raise


def give_back(live: Live, paid: Paid, billed: int, per_tib: Decimal) -> None:
    """Do not count what was taken and not billed."""
    spare = paid.bytes - billed
    if spare > 0:
        live.bytes.give_back(Decimal(spare), paid.days[0])
        live.purse.give_back(price_of(spare, per_tib), paid.days[1])


def estimate(live: Live, sql: str, *, on: str, location: str, parameters: Sequence[Any] = ()) -> int:
    """The bytes that a query will process; blocking, free.

    Raises:
        FinOpsError: BigQuery refuses the query.

    """
    from google.cloud import bigquery  # noqa: PLC0415 - not before the first live question

    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False, query_parameters=list(parameters))
    with _telling(live, on):
        job: Any = _start(live, sql, config, location)
        return int(job.total_bytes_processed or 0)


def run(live: Live, sql: str, *, on: str, location: str, parameters: Sequence[Any] = (), tables: int = 1) -> Answered:
    """The rows of a query; blocking. What failed was not billed; a job that does not end is cancelled.

    Raises:
        PurseEmptyError: it would bill more than today's limits allow; it was not sent.
        DeadlineExceededError: it did not end in time; what it may have billed stays counted.
        FinOpsError: BigQuery refuses or fails.

    """
    job, found, paid = begun(live, sql, on=on, location=location, parameters=parameters, tables=tables)
    with _telling(live, on):
        rows = tuple(dict(row.items()) for row in found)
    return Answered(rows, settle(live, job, paid))


def begun(
    live: Live, sql: str, *, on: str, location: str, parameters: Sequence[Any] = (), tables: int = 1
) -> tuple[Any, Any, Paid]:
    """A query job that has ended well, its rows, what was taken by its estimate; `settle` it when the rows are read.

    Raises:
        FinOpsError: as `run` raises it.

    """
    from google.cloud import bigquery  # noqa: PLC0415 - not before the first live question

    processed = estimate(live, sql, on=on, location=location, parameters=parameters)
    most = billable(processed, tables)
    paid = take(live, most, QUERY_PRICE)
    config = bigquery.QueryJobConfig(
        maximum_bytes_billed=max(most, _LEAST), query_parameters=list(parameters), labels=_LABELS
    )
    jobs: list[Any] = []

    def attempt() -> Any:
        """Once; a job that failed of what passes is begun anew."""
        jobs.append(_start(live, sql, config, location))
        return _ended(live, jobs[-1], on)

    try:
        with _telling(live, on):
            rows = live.sessions.retry(attempt)()
    except FinOpsError as error:
        if _was_not_billed(jobs[-1] if jobs else None, error):
            give_back(live, paid, 0, QUERY_PRICE)
        raise
    return jobs[-1], rows, paid


def _was_not_billed(job: Any, error: FinOpsError) -> bool:
    """A job that failed is free, and so is one that was refused; of the others nobody knows."""
    if job is not None:
        return job.state == "DONE" and bool(job.error_result)
    return not isinstance(error, DeadlineExceededError | UpstreamUnavailableError)


def settle(live: Live, job: Any, paid: Paid) -> int:
    """The bytes that an ended job billed; the rest goes back to the purses."""
    billed = int(job.total_bytes_billed or 0)
    give_back(live, paid, billed, QUERY_PRICE)
    return billed


def _start(live: Live, sql: str, config: Any, location: str) -> Any:
    live.limiter("bigquery").wait()
    client = live.sessions.client("bigquery")
    seconds = live.settings.patience_seconds
    return client.query(
        sql,
        job_config=config,
        job_retry=None,
        location=location,
        project=live.sessions.project(),
        retry=live.sessions.retry,
        timeout=seconds,
    )


def _ended(live: Live, job: Any, on: str) -> Any:
    """The rows of a job when it has ended; one that does not is cancelled.

    Raises:
        DeadlineExceededError: it did not end in time.

    """
    try:
        return job.result(timeout=live.settings.job_seconds, retry=live.sessions.retry, job_retry=None)
    except TimeoutError as error:
        with _telling(live, on):
            job.cancel(retry=live.sessions.retry, timeout=live.settings.patience_seconds)
        raise DeadlineExceededError(
            f"The query on {on} did not end within {live.settings.job_seconds:g} s and was cancelled.",
            hint="Ask for a shorter period, or repeat it later.",
        ) from error


@contextmanager
def _telling(live: Live, on: str) -> Generator[None]:
    try:
        yield
    except FinOpsError:
        raise
    except Exception as error:
        raise live.told(error, "bigquery.jobs.create", on) from error
