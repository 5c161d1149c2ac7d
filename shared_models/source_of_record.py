"""Which load is the source of record: the rules that keep one bill from being counted twice. Pure functions.

Within one (provider, billing account, billing period):

1. The same source again (same source_key) is a restatement and replaces the former load exactly.
2. Loads whose sub accounts do not overlap complement each other: all count (subscription-scope exports, two projects);
   so do loads whose charges lie apart in time (weekly files of one month). Loads that each have charges of the billing
   account itself (tax, support) overlap: those charges would count once a load.
3. Of loads that overlap, one counts: the source that the owner prefers; else a provider's bill before a pro-forma one;
   else an export before coarse API history; else the one that covers more sub accounts, for a narrower one would lose
   charges; else the better format (the order of SourceFormat); else the newest. The others are kept to reconcile.
4. An Azure amortised export lacks what an actual one of the same scope has: the purchases of commitments. They are a
   load of their own and count with the amortised load, or with the rest of their own actual export. Several actual
   exports complete an amortised one where they overlap nowhere and have all its sub accounts together.

Over the providers of one (billing account, billing period): a source that lost to another one which says the same
amounts under fewer sellers does not count under its other sellers either. Where the amounts differ nothing tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from shared_models.export import ExportPart, SourceFormat

_PURCHASES: Final = SourceFormat.AZURE_COMMITMENT_PURCHASES
FORMAT_RANK: Final = {source_format: rank for rank, source_format in enumerate(SourceFormat)}


@dataclass(frozen=True)
class Candidate:
    """What the rules need to know of one load; a higher id is newer."""

    load_id: int
    source_format: SourceFormat
    source_key: str
    pro_forma: bool
    sub_account_ids: frozenset[str]
    charges: tuple[datetime, datetime] | None = None
    """From the start of the first charge to the end of the last; None where that is not known."""

    account_charges: bool = False
    """Whether there are charges of the billing account itself, without a sub account."""

    def overlaps(self, other: "Candidate") -> bool:
        """Whether both could hold the same charge. A load without sub accounts covers the whole billing account."""
        if self.charges and other.charges:
            (start, end), (other_start, other_end) = self.charges, other.charges
            if end <= other_start or other_end <= start:
                return False
        if not self.sub_account_ids or not other.sub_account_ids or (self.account_charges and other.account_charges):
            return True
        return not self.sub_account_ids.isdisjoint(other.sub_account_ids)


def parts_of_record(parts: Sequence[ExportPart]) -> tuple[ExportPart, ...]:
    """The parts of one provider that count, in their order, where the owner prefers none; a later part is newer."""
    partitions: dict[tuple[str, datetime], list[Candidate]] = {}
    for number, part in enumerate(parts):
        key = part.billing_account_id, part.billing_period_start
        partitions.setdefault(key, []).append(_candidate(number, part))
    counting = {number for loads in partitions.values() for number in of_record(loads)}
    return tuple(part for number, part in enumerate(parts) if number in counting)


def _candidate(number: int, part: ExportPart) -> Candidate:
    return Candidate(
        load_id=number,
        source_format=part.source_format,
        source_key=part.source_key,
        pro_forma=part.pro_forma,
        sub_account_ids=frozenset(part.sub_account_ids),
        charges=(part.charge_period_min, part.charge_period_max),
        account_charges=part.account_rows > 0,
    )


def of_record(candidates: Sequence[Candidate], preferred_source: str | None = None) -> frozenset[int]:
    """The ids of the loads that count, chosen greedily from the best down so that no two of them overlap."""
    # Purchases complete another load; they stand alone only where there is nothing else.
    bills = [load for load in candidates if load.source_format is not _PURCHASES] or candidates
    chosen = _apart(_with_purchases(bills, candidates), preferred_source)
    sources = {load.source_key for load in chosen if load.source_format is SourceFormat.AZURE_ACTUAL}.union(
        *(completing_sources(load, candidates) for load in chosen)
    )
    purchases = [load for load in candidates if load.source_format is _PURCHASES and load.source_key in sources]
    return frozenset(load.load_id for load in (*chosen, *purchases))


@dataclass(frozen=True)
class Told:
    """What one load says of a bill, and under which seller."""

    candidate: Candidate
    provider: str
    amounts: Mapping[str, tuple[Decimal, ...]]
    """Currency -> the sum of each cost metric."""


def told_under_other_sellers(loads: Sequence[Told], counting: frozenset[int]) -> frozenset[int]:
    """Those of one bill's counting loads that repeat what a source which names other sellers says."""
    by_source: dict[str, list[Told]] = {}
    for load in loads:
        by_source.setdefault(load.candidate.source_key, []).append(load)
    repeated: set[int] = set()
    for own in by_source.values():
        counted = [load for load in own if load.candidate.load_id in counting]
        if not counted or len(counted) == len(own):
            continue
        lost_under = {load.provider for load in own} - {load.provider for load in counted}
        for other in by_source.values():
            wins = all(load.candidate.load_id in counting for load in other)
            if other is not own and wins and {load.provider for load in other} == lost_under and _same(own, other):
                repeated |= {load.candidate.load_id for load in counted}
    return frozenset(repeated)


def _same(one: Sequence[Told], other: Sequence[Told]) -> bool:
    """Whether two sources say the same amounts of the same sub accounts."""
    accounts = [frozenset[str]().union(*(load.candidate.sub_account_ids for load in loads)) for loads in (one, other)]
    return accounts[0] == accounts[1] and _sums(one) == _sums(other)


def _sums(loads: Sequence[Told]) -> dict[str, tuple[Decimal, ...]]:
    sums: dict[str, tuple[Decimal, ...]] = {}
    for load in loads:
        for currency, amounts in load.amounts.items():
            so_far = sums.get(currency, (Decimal(0),) * len(amounts))
            sums[currency] = tuple(a + b for a, b in zip(so_far, amounts, strict=True))
    return sums


def completing_sources(load: Candidate, candidates: Sequence[Candidate]) -> frozenset[str]:
    """The actual exports whose purchases make an amortised load the whole bill; none where they do not."""
    if load.source_format is not SourceFormat.AZURE_AMORTIZED:
        return frozenset()
    actual = [other for other in candidates if other.source_format is SourceFormat.AZURE_ACTUAL]
    if not actual:
        purchases = [other for other in candidates if other.source_format is _PURCHASES]
        return frozenset(other.source_key for other in _apart(purchases, None))
    actual = _with_purchases(actual, candidates)
    covering = [other for other in actual if other.sub_account_ids >= load.sub_account_ids]
    if covering:
        return frozenset({min(covering, key=lambda other: _merit(other, None)).source_key})
    parts = _apart([other for other in actual if not other.sub_account_ids.isdisjoint(load.sub_account_ids)], None)
    together = frozenset[str]().union(*(other.sub_account_ids for other in parts))
    return frozenset(other.source_key for other in parts) if together >= load.sub_account_ids else frozenset()


def _apart(candidates: Sequence[Candidate], preferred_source: str | None) -> list[Candidate]:
    """From the best down, those that overlap none before."""
    chosen: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda load: _merit(load, preferred_source)):
        if not any(candidate.overlaps(other) for other in chosen):
            chosen.append(candidate)
    return chosen


def _with_purchases(bills: Sequence[Candidate], candidates: Sequence[Candidate]) -> list[Candidate]:
    """Bills that have account charges where the purchases that belong to them do."""
    sources = {load.source_key for load in candidates if load.account_charges and load.source_format is _PURCHASES}
    return [replace(load, account_charges=load.account_charges or load.source_key in sources) for load in bills]


def _merit(load: Candidate, preferred_source: str | None) -> tuple[bool, bool, bool, int, int, int]:
    return (
        load.source_key != preferred_source,
        load.pro_forma,
        load.source_format is SourceFormat.API,
        -len(load.sub_account_ids),
        FORMAT_RANK[load.source_format],
        -load.load_id,
    )
