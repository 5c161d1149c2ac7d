"""Answers over parts of one question: which spans of a period no bill reaches, and the parts put together again."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from servers.kit.ports import CostAnswer
from shared_models.coverage import Freshness
from shared_models.period import ChargePeriod, month_start
from shared_models.query import CostLine, CurrencyTotal


def months_of(period: ChargePeriod) -> list[ChargePeriod]:
    """A period cut at the turns of months."""
    cut: list[ChargePeriod] = []
    start = period.start
    while start < period.end:
        end = min(month_start(start.year, start.month + 1), period.end)
        cut.append(ChargePeriod(start=start, end=end))
        start = end
    return cut


def lacks(month: ChargePeriod, known: set[tuple[int, int]], reach: datetime | None) -> bool:
    """No bill of the month, or one that ends before this span of it begins."""
    if (month.start.year, month.start.month) not in known:
        return True
    return reach is not None and reach <= month.start


def joined(months: Sequence[ChargePeriod]) -> list[ChargePeriod]:
    """Neighbouring spans as one: one request instead of many."""
    spans: list[ChargePeriod] = []
    for month in months:
        if spans and spans[-1].end == month.start:
            spans[-1] = ChargePeriod(start=spans[-1].start, end=month.end)
        else:
            spans.append(month)
    return spans


def merged(answers: Iterable[CostAnswer]) -> CostAnswer:
    """Answers over parts of one question as one: equal lines and totals are summed, the rest stands side by side."""
    found = list(answers)
    if len(found) == 1:
        return found[0]
    sums: dict[tuple[str | None, str, tuple[str | None, ...]], Decimal] = defaultdict(Decimal)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    freshness: dict[str, Freshness] = {}
    for answer in found:
        for line in answer.lines:
            sums[line.bucket, line.currency, line.keys] += line.amount
        for total in answer.totals:
            totals[total.currency] += total.amount
        freshness |= {fresh.origin: fresh for fresh in answer.freshness}
    lines = in_order(
        CostLine(keys=keys, bucket=bucket, currency=currency, amount=amount)
        for (bucket, currency, keys), amount in sums.items()
    )
    return CostAnswer(
        lines=lines,
        total=len(lines),
        totals=tuple(CurrencyTotal(currency=currency, amount=amount) for currency, amount in sorted(totals.items())),
        freshness=tuple(freshness.values()),
        gaps=tuple(gap for answer in found for gap in answer.gaps),
        notes=tuple(dict.fromkeys(note for answer in found for note in answer.notes)),
    )


def paged(answer: CostAnswer, offset: int, limit: int) -> CostAnswer:
    """Some of an answer's lines; its totals stay those of all."""
    return replace(answer, lines=answer.lines[offset : offset + limit])


def in_order(lines: Iterable[CostLine]) -> tuple[CostLine, ...]:
    """Lines by currency, bucket, descending amount and keys."""
    return tuple(
        sorted(
            lines,
            key=lambda line: (line.currency, line.bucket or "", -line.amount, [key or "" for key in line.keys]),
        )
    )
