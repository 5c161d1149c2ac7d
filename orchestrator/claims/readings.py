"""The readings of a claim: each period is summed once, by provider and kind of charge, and read in every other way.

A reading differs from the claim in one respect (metric, credits, tax, corrections, period, filter, provider, currency),
or in the metric and one more. Simpler readings win: where one that differs in one respect fits, those that differ in
two are coincidences and are left out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from orchestrator.claims.amount import Tolerance
from orchestrator.claims.claim import Reading
from orchestrator.query.answer import CostAnswer
from shared_models.export import CostBasis
from shared_models.focus.vocabularies import ChargeCategory, ChargeClass

MOST: Final = 5
CUT: Final = ("x_Provider", "ChargeCategory", "ChargeClass")
"""What a period is summed by, so that the readings below need no further query."""


@dataclass(frozen=True)
class Part:
    """One cut of a period's costs: a provider's charges of one category and class in one currency."""

    provider: str | None
    category: str | None
    charge_class: str | None
    currency: str
    amounts: dict[CostBasis, Decimal]


Keeps = Callable[[Part], bool]
_WITHOUT: Final[dict[str, Keeps]] = {
    "without credits (gross)": lambda part: part.category != ChargeCategory.CREDIT,
    "without tax": lambda part: part.category != ChargeCategory.TAX,
    "without tax and credits": lambda part: part.category not in {ChargeCategory.TAX, ChargeCategory.CREDIT},
    "without corrections": lambda part: part.charge_class != ChargeClass.CORRECTION,
}


@dataclass(frozen=True)
class Candidate:
    """A figure that answers a slightly different question."""

    differs_in: tuple[str, ...]
    amount: Decimal


def parts_of(answer: CostAnswer) -> list[Part]:
    """The parts behind an answer that was grouped by `CUT` with all four metrics beside each other."""
    found: list[Part] = []
    groups = [(g.keys, g) for g in answer.data] + [((None, None, None), g) for g in answer.unallocated]
    for keys, group in groups:
        also = group.also or {}
        amounts = {basis: also.get(basis.value, group.amount) for basis in CostBasis}
        found.append(Part(keys[0], keys[1], keys[2], group.currency, amounts))
    return found


def of_period(parts: Sequence[Part], currency: str, metric: CostBasis, label: str | None) -> list[Candidate]:
    """Every reading of one period's parts; `label` names the period where it is not the claimed one."""
    own = [part for part in parts if part.currency == currency]
    prefix = (label,) if label else ()
    found = [Candidate((*prefix, basis.value), _sum(own, basis)) for basis in CostBasis if basis is not metric]
    if label:
        return [Candidate(prefix, _sum(own, metric)), *found]
    for name, keeps in _WITHOUT.items():
        kept = [part for part in own if keeps(part)]
        found += [Candidate((name, *_other(basis, metric)), _sum(kept, basis)) for basis in CostBasis]
    for provider in sorted({part.provider or "" for part in own}):
        kept = [part for part in own if (part.provider or "") == provider]
        found += [
            Candidate((f"{provider or 'no provider'} only", *_other(basis, metric)), _sum(kept, basis))
            for basis in CostBasis
        ]
    for other in sorted({part.currency for part in parts} - {currency}):
        kept = [part for part in parts if part.currency == other]
        found.append(Candidate((f"{other}, not {currency}",), _sum(kept, metric)))
    return found


def closest(
    candidates: Iterable[Candidate], claimed: Decimal, figure: Decimal, tolerance: Tolerance
) -> tuple[Reading, ...]:
    """The readings within the tolerance, closest first, one for each amount."""
    fitting = [c for c in candidates if c.amount != figure and tolerance.allows(claimed, c.amount)]
    simplest = min((len(c.differs_in) for c in fitting), default=0)
    found: dict[Decimal, Candidate] = {}
    for candidate in fitting:
        if len(candidate.differs_in) == simplest:
            found.setdefault(candidate.amount, candidate)
    ranked = sorted(found.values(), key=lambda c: (abs(claimed - c.amount), c.differs_in))
    return tuple(
        Reading(differs_in=c.differs_in, amount=c.amount, difference=claimed - c.amount) for c in ranked[:MOST]
    )


def _other(basis: CostBasis, metric: CostBasis) -> tuple[str, ...]:
    return () if basis is metric else (basis.value,)


def _sum(parts: Sequence[Part], basis: CostBasis) -> Decimal:
    return sum((part.amounts[basis] for part in parts), Decimal(0))
