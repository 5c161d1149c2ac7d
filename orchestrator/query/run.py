"""Run a question on a snapshot and shape its rows into an answer that adds up."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Any, Final

import duckdb

from orchestrator.evidence import CostEvidence, grounds
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.query.answer import ConvertedFrom, CostGroup, CurrencySum, Remainder
from orchestrator.query.compile import compile_question, measure_names
from orchestrator.query.conversion import converted_from
from orchestrator.query.dimensions import Dimension
from orchestrator.query.identity import meaning_of
from orchestrator.query.plan import Planned
from orchestrator.query.question import Question
from orchestrator.query.values import ValueIndex
from shared_models.errors import InvalidArgumentError
from shared_models.query import Granularity
from shared_models.untrusted import safe_text

_DIGITS: Final = 60
"""Sums are exact: 38 digits of one amount, and of as many amounts as there can be."""


@dataclass(frozen=True)
class Result:
    """The figures of one question."""

    totals: tuple[CurrencySum, ...]
    data: tuple[CostGroup, ...]
    other: tuple[Remainder, ...]
    unallocated: tuple[Remainder, ...]
    earlier: tuple[Remainder, ...]
    buckets: tuple[str, ...] | None
    has_more: bool
    evidence: CostEvidence
    converted_from: tuple[ConvertedFrom, ...] | None


@dataclass(frozen=True)
class _Row:
    kind: str
    rank: int
    keys: tuple[str | None, ...]
    currency: str
    bucket: date | None
    measures: tuple[Decimal | None, ...]
    lines: int


def run(ledger: Ledger, snapshot: Snapshot, planned: Planned, values: ValueIndex) -> Result:
    """The figures of a planned question.

    Raises:
        InvalidArgumentError: a charge has no rate in the named table.

    """
    rows, converted = _fetch(ledger, planned) if snapshot.booked else ([], None)
    with localcontext(prec=_DIGITS):
        return _result(snapshot, planned, values, rows, converted)


def _result(
    snapshot: Snapshot,
    planned: Planned,
    values: ValueIndex,
    rows: Sequence[_Row],
    converted: tuple[ConvertedFrom, ...] | None,
) -> Result:
    question = planned.plan.question
    buckets = _buckets(question, rows)
    by_kind: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        by_kind[row.kind].append(row)
    by_kind["total"] = _totals(rows)
    totals = tuple(
        CurrencySum(
            **_amounts(question, [row], _series(by_kind["bucket"], row.currency, buckets)),
            currency=row.currency,
            groups=_group_count(by_kind, row.currency),
            line_items=row.lines,
            change_percent=_percent(question, row),
        )
        for row in sorted(by_kind["total"], key=lambda row: row.currency)
    )
    return Result(
        totals=totals or _zeros(question, planned),
        data=_groups(question, by_kind["line"], buckets, planned.plan.dimensions, values),
        other=_remainders(question, by_kind["after"]),
        unallocated=_remainders(question, by_kind["rest"]),
        earlier=_remainders(question, by_kind["before"]),
        buckets=buckets,
        has_more=bool(by_kind["after"]),
        evidence=evidence_of(snapshot, planned, sum(row.lines for row in by_kind["total"])),
        converted_from=converted,
    )


def _totals(rows: Sequence[_Row]) -> list[_Row]:
    """The whole of each currency: the lines of the page and the parts beside it."""
    by_currency: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        if row.kind != "bucket":
            by_currency[row.currency].append(row)
    return [
        _Row("total", 0, (), currency, None, _summed(parts), sum(row.lines for row in parts))
        for currency, parts in by_currency.items()
    ]


def _summed(rows: Sequence[_Row]) -> tuple[Decimal, ...]:
    return tuple(
        sum((amount or Decimal(0) for amount in amounts), Decimal(0))
        for amounts in zip(*(row.measures for row in rows), strict=True)
    )


def _zeros(question: Question, planned: Planned) -> tuple[CurrencySum, ...]:
    """A question that is right and matches no charge answers zero in each currency of the sources read."""
    found = {currency for load in planned.loads for currency in load.currencies}
    currencies = [question.conversion.currency] if question.conversion else sorted(found)
    nothing = _Row("total", 0, (), "", None, (Decimal(0),) * len(measure_names(question)), 0)
    return tuple(
        CurrencySum(**_amounts(question, [nothing], None), currency=currency, groups=0, line_items=0)
        for currency in currencies
    )


def _fetch(ledger: Ledger, planned: Planned) -> tuple[list[_Row], tuple[ConvertedFrom, ...] | None]:
    plan = planned.plan
    sql = compile_question(plan).sql("duckdb")
    with ledger.cursor() as cursor:
        try:
            fetched = cursor.execute(sql).fetchall()
            converted = converted_from(cursor, plan)
        except duckdb.OutOfRangeException as error:
            raise InvalidArgumentError(
                "currency", "A sum is larger than the ledger can convert exactly.", hint="Ask without a conversion."
            ) from error
    keys = len(plan.dimensions)
    measures = len(measure_names(plan.question))
    rows = [
        _Row(
            kind=row[0],
            rank=int(row[1] or 0),
            keys=tuple(row[2 : 2 + keys]),
            currency=row[2 + keys],
            bucket=row[3 + keys],
            measures=tuple(row[4 + keys : 4 + keys + measures]),
            lines=int(row[4 + keys + measures] or 0),
        )
        for row in fetched
    ]
    return rows, converted


def _buckets(question: Question, rows: Sequence[_Row]) -> tuple[str, ...] | None:
    if question.granularity is Granularity.TOTAL:
        return None
    return tuple(sorted({row.bucket.isoformat() for row in rows if row.bucket is not None}))


def _series(rows: Sequence[_Row], currency: str, buckets: tuple[str, ...] | None) -> tuple[Decimal, ...] | None:
    if buckets is None:
        return None
    amounts = {row.bucket.isoformat(): row.measures[0] for row in rows if row.bucket and row.currency == currency}
    return tuple(amounts.get(bucket) or Decimal(0) for bucket in buckets)


def _amounts(question: Question, rows: Sequence[_Row], series: tuple[Decimal, ...] | None) -> dict[str, Any]:
    """The figures of one group, summed over its buckets."""
    sums = _summed(rows)
    compared = question.compare_to is not None
    return {
        "amount": sums[0],
        "compare_amount": sums[1] if compared else None,
        "change": sums[0] - sums[1] if compared else None,
        "also": {m.value: sums[2 + n] for n, m in enumerate(question.also)} or None,
        "series": series,
    }


def _percent(question: Question, row: _Row) -> float | None:
    before = row.measures[1]
    if question.compare_to is None or not before:
        return None
    return round(float(((row.measures[0] or Decimal(0)) - before) / before * 100), 2)


def _group_count(by_kind: Mapping[str, Sequence[_Row]], currency: str) -> int:
    parts = [row for kind in ("before", "after", "rest") for row in by_kind[kind] if row.currency == currency]
    listed = {row.keys for row in by_kind["line"] if row.currency == currency}
    return len(listed) + sum(row.rank for row in parts)


def _groups(
    question: Question,
    rows: Sequence[_Row],
    buckets: tuple[str, ...] | None,
    dimensions: Sequence[Dimension],
    values: ValueIndex,
) -> tuple[CostGroup, ...]:
    gathered: dict[tuple[str, int], list[_Row]] = defaultdict(list)
    for row in rows:
        gathered[row.currency, row.rank].append(row)
    named = [_names(dimension, values, question.period.end) for dimension in dimensions]
    return tuple(
        CostGroup(
            keys=_shown(group[0].keys, named),
            currency=currency,
            **_amounts(question, group, _series(group, currency, buckets)),
        )
        for (currency, _), group in sorted(gathered.items())
    )


def shown_keys(
    keys: tuple[str | None, ...], dimensions: Sequence[Dimension], values: ValueIndex, end: datetime
) -> tuple[str | None, ...]:
    """A group's keys as a reader sees them: names for Ids, nothing invisible."""
    return _shown(keys, [_names(dimension, values, end) for dimension in dimensions])


def _shown(keys: tuple[str | None, ...], named: Sequence[dict[str, str]]) -> tuple[str | None, ...]:
    return tuple(
        safe_text(names.get(key, key)) if key is not None else None for key, names in zip(keys, named, strict=True)
    )


def _names(dimension: Dimension, values: ValueIndex, end: datetime) -> dict[str, str]:
    """What each Id was called at the end of the period; two Ids of one name show their Id too."""
    limit = end.astimezone(UTC).replace(tzinfo=None)
    named: dict[str, str] = {}
    for label in values.labels(dimension):
        if label.since < limit or label.identity not in named:
            named[label.identity] = label.name
    shared = {name for name, count in Counter(named.values()).items() if count > 1}
    return {identity: f"{name} [{identity}]" if name in shared else name for identity, name in named.items()}


def _remainders(question: Question, rows: Sequence[_Row]) -> tuple[Remainder, ...]:
    return tuple(
        Remainder(**_amounts(question, [row], None), currency=row.currency, groups=row.rank)
        for row in sorted(rows, key=lambda row: row.currency)
    )


def evidence_of(snapshot: Snapshot, planned: Planned, lines: int, kind: str = "query_costs") -> CostEvidence:
    """What the figures of a planned question rest on; its coverage is for the caller to add."""
    return CostEvidence(
        **grounds(snapshot, kind, meaning_of(planned.plan), planned.loads),
        line_items=lines,
        read_from=planned.grain,
        basis=planned.plan.question.metric.value,
    )
