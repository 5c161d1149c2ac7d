"""Costs by an aggregating query of the billing exports: dry-run, paid from the purses, its answer kept for hours."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from servers.gcp.billing_exports.bills import by_account
from servers.gcp.billing_exports.discovery import BILLS, ExportTable, ExportTables, Kind
from servers.gcp.billing_exports.queries import run
from servers.gcp.billing_queries.question import Asked, asked, bucket_of, columns_of, knows, refusal
from servers.gcp.gaps import gap_of
from servers.gcp.live import Live
from servers.kit.live.answered_spans import in_order, merged
from servers.kit.live.threads import off_loop
from servers.kit.ports import CostAnswer
from shared_models.coverage import Freshness, Gap, SourceState
from shared_models.errors import DataNotReadyError, FinOpsError, SourceNotEnabledError
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod, month_start
from shared_models.query import CostLine, CostQuery, CurrencyTotal
from shared_models.untrusted import safe_text

_OPEN: Final = timedelta(hours=4)
_CLOSED: Final = timedelta(hours=24)
_SET_UP: Final = "`skyledger doctor gcp` prints how to set up a billing export to BigQuery."


class QueriedCosts:
    """Answers by queries; of an account's exports the smallest that knows the answer is asked."""

    def __init__(self, live: Live, tables: ExportTables) -> None:
        self._live = live
        self._tables = tables

    async def query(self, query: CostQuery, account: str | None = None) -> CostAnswer:
        """Every line of a question, of one billing account or of all.

        Raises:
            SourceNotEnabledError: there is no export, or none that knows the columns.
            PurseEmptyError: today's limits do not allow it; nothing was billed.
            FinOpsError: BigQuery refuses or fails for every account.

        """
        found = await off_loop(self._tables.found)
        ranked = by_account(found.of(*BILLS), self._live.settings.prefer)
        wanted = [own for own in ranked if account in {None, own[0].billing_account_id}]
        if not wanted:
            raise SourceNotEnabledError("costs", source="Google Cloud (no billing export found)", hint=_SET_UP)
        answers: list[CostAnswer] = []
        problems: list[tuple[ExportTable, FinOpsError]] = []
        for own in wanted:
            try:
                answers.append(await self._account(query, own))
            except FinOpsError as error:
                problems.append((own[0], error))
        if not answers:
            raise problems[0][1]
        together = merged(answers)
        gaps = [gap_of(table.said, error) for table, error in problems]
        return CostAnswer(
            together.lines, together.total, together.totals, together.freshness,
            (*together.gaps, *gaps, *found.gaps), together.notes,
        )  # fmt: skip

    def accounts(self) -> tuple[str, ...]:
        """The billing accounts that have an export; blocking.

        Raises:
            FinOpsError: no dataset could be looked at.

        """
        return tuple(
            sorted({one.billing_account_id for one in self._tables.found().of(*BILLS) if one.billing_account_id})
        )

    async def _account(self, query: CostQuery, tables: Sequence[ExportTable]) -> CostAnswer:
        """By the best export that knows the answer and reaches back far enough, else by one that reaches farther."""
        fitting = [table for table in _by_price(tables, query, self._live.settings.prefer) if knows(table, query)]
        if not fitting:
            raise refusal(tables, query)
        best: CostAnswer | None = None
        for table in fitting:
            answer, began = await self._asked(query, table)
            if query.filters or (began is not None and began.date() <= query.period.start.date()):
                return answer
            if best is None or len(answer.gaps) < len(best.gaps):
                best = answer
            if began is not None and table.kind is not Kind.FOCUS:
                break  # detailed and standard exports begin together; what they lack nobody has
        return best or CostAnswer((), 0, ())

    async def _asked(self, query: CostQuery, table: ExportTable) -> tuple[CostAnswer, datetime | None]:
        said = asked(query, table)
        key = json.dumps(["gcp costs", table.name, said.sql, said.values])

        async def ask() -> str:
            return await off_loop(self._run, said, table)

        kept = await self._live.answers.get(key, fresh_for(query.period, self._live.clock()), ask)
        body: dict[str, Any] = json.loads(kept.body)
        began = min((datetime.fromisoformat(row["began"]) for row in body["rows"]), default=None)
        lines = _lines(query, body["rows"])
        how = "kept, nothing billed" if kept.from_cache else f"{body['bytes']} bytes billed"
        return (
            CostAnswer(
                lines=lines,
                total=len(lines),
                totals=_totals(body["rows"]),
                freshness=(
                    Freshness(
                        source="gcp",
                        data_as_of=table.modified,
                        fetched_at=kept.fetched_at,
                        origin=f"query of the {table.said}: {how}",
                    ),
                ),
                gaps=() if query.filters else _late(table, query.period, began),
                notes=said.notes,
            ),
            began,
        )

    def _run(self, said: Asked, table: ExportTable) -> str:
        """Blocking. A dataset that moved since it was looked at is looked up once more."""
        from google.cloud import bigquery  # noqa: PLC0415 - not before the first live question

        values = [bigquery.ScalarQueryParameter(f"p{n}", "STRING", value) for n, value in enumerate(said.values)]
        try:
            answered = run(self._live, said.sql, on=table.resource, location=table.location, parameters=values)
        except DataNotReadyError:
            again = next((one for one in self._tables.found(timedelta(0)).tables if one.name == table.name), None)
            if again is None or again.location == table.location:
                raise
            answered = run(self._live, said.sql, on=table.resource, location=again.location, parameters=values)
        rows = [
            {name: _text(value) for name, value in row.items() if name != "lines"} | {"lines": row["lines"]}
            for row in answered.rows
        ]
        return json.dumps({"rows": rows, "bytes": answered.bytes_billed})


def fresh_for(period: ChargePeriod, now: datetime) -> timedelta:
    """How long figures may be kept: hours while their month is open or settles, else a day."""
    return _OPEN if period.end > month_start(now.year, now.month - 1) else _CLOSED


def _by_price(tables: Sequence[ExportTable], query: CostQuery, prefer: str | None) -> list[ExportTable]:
    """FOCUS first for what only it knows rightly; else the export that is smallest to read."""
    effective = query.metric is CostBasis.EFFECTIVE

    def rank(table: ExportTable) -> tuple[bool, bool, int]:
        better = table.kind is Kind.FOCUS and (effective or bool(columns_of(query) & {"CommitmentDiscountId"}))
        return table.kind != prefer, not better, table.bytes

    return sorted(tables, key=rank)


def _lines(query: CostQuery, rows: Sequence[dict[str, Any]]) -> tuple[CostLine, ...]:
    sums: dict[tuple[str | None, str, tuple[str | None, ...]], Decimal] = defaultdict(Decimal)
    for row in rows:
        keys = tuple(row[f"k{number}"] for number in range(len(query.group_by)))
        day = date.fromisoformat(row["day"]) if row["day"] else None
        sums[bucket_of(day, query.granularity), row["currency"], keys] += Decimal(row["amount"] or 0)
    return in_order(
        CostLine(
            keys=tuple(key if key is None else safe_text(key) for key in keys),
            bucket=bucket,
            currency=currency,
            amount=amount,
        )
        for (bucket, currency, keys), amount in sums.items()
    )


def _totals(rows: Sequence[dict[str, Any]]) -> tuple[CurrencyTotal, ...]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["currency"]] += Decimal(row["amount"] or 0)
    return tuple(CurrencyTotal(currency=currency, amount=amount) for currency, amount in sorted(sums.items()))


def _late(table: ExportTable, period: ChargePeriod, began: datetime | None) -> tuple[Gap, ...]:
    """What the export lacks at the beginning of the period."""
    if began is not None and began.date() <= period.start.date():
        return ()
    said = "no charges in this period" if began is None else f"charges begin {began:%Y-%m-%d}, after the asked start"
    return (
        Gap(
            source="gcp",
            state=SourceState.PARTIAL,
            code="no_data" if began is None else "starts_late",
            message=f"{table.said}: {said}",
            hint="An export holds what was used since it was switched on.",
        ),
    )


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)
