"""Which load is the source of record: the rules that keep one bill from being counted twice. Pure functions.

Within one (provider, billing account, billing period):

1. The same source again (same source_key) is a restatement and replaces the former load exactly.
2. Loads whose sub accounts do not overlap complement each other: all count (subscription-scope exports, two projects);
   so do loads whose charges lie apart in time (weekly files of one month).
3. Of loads that overlap, one counts: the source that the owner prefers; else a provider's bill before a pro-forma one;
   else an export before coarse API history; else the one that covers more sub accounts, for a narrower one would lose
   charges; else the better format (the order of SourceFormat); else the newest. The others are kept to reconcile.
4. An Azure amortised export lacks what an actual one of the same scope has: the purchases of commitments. They are a
   load of their own and count with the amortised load, or with the rest of their own actual export.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared_models.export import SourceFormat

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

    def overlaps(self, other: "Candidate") -> bool:
        """Whether both could hold the same charge. A load without sub accounts covers the whole billing account."""
        if self.charges and other.charges:
            (start, end), (other_start, other_end) = self.charges, other.charges
            if end <= other_start or other_end <= start:
                return False
        if not self.sub_account_ids or not other.sub_account_ids:
            return True
        return not self.sub_account_ids.isdisjoint(other.sub_account_ids)


def of_record(candidates: Sequence[Candidate], preferred_source: str | None = None) -> frozenset[int]:
    """The ids of the loads that count, chosen greedily from the best down so that no two of them overlap."""
    chosen: list[Candidate] = []
    # Purchases complete another load; they stand alone only where there is nothing else.
    bills = [load for load in candidates if load.source_format is not _PURCHASES] or candidates
    for candidate in sorted(bills, key=lambda load: _merit(load, preferred_source)):
        if not any(candidate.overlaps(other) for other in chosen):
            chosen.append(candidate)
    sources = {load.source_key for load in chosen if load.source_format is SourceFormat.AZURE_ACTUAL} | {
        completing_source(load, candidates) for load in chosen
    }
    purchases = [load for load in candidates if load.source_format is _PURCHASES and load.source_key in sources]
    return frozenset(load.load_id for load in (*chosen, *purchases))


def completing_source(load: Candidate, candidates: Sequence[Candidate]) -> str | None:
    """The actual export whose purchases make an amortised load the whole bill; None where there is none."""
    if load.source_format is not SourceFormat.AZURE_AMORTIZED:
        return None
    actual = [other for other in candidates if other.source_format is SourceFormat.AZURE_ACTUAL]
    covering = [other for other in actual if other.sub_account_ids >= load.sub_account_ids]
    only_purchases = [other for other in candidates if other.source_format is _PURCHASES and not actual]
    found = sorted(covering or only_purchases, key=lambda other: _merit(other, None))
    return found[0].source_key if found else None


def _merit(load: Candidate, preferred_source: str | None) -> tuple[bool, bool, bool, int, int, int]:
    return (
        load.source_key != preferred_source,
        load.pro_forma,
        load.source_format is SourceFormat.API,
        -len(load.sub_account_ids),
        FORMAT_RANK[load.source_format],
        -load.load_id,
    )
