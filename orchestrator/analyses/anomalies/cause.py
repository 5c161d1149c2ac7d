"""Which part of a bill a deviation comes from: the group whose members moved alike while the rest did not.

For every set of one to three dimensions the largest groups in the direction of the deviation are scored by how much
smaller the deviations become when the group's members move by their common ratio and everything else stays: the ripple
of one cause. Deviations are weighed by the root of the expected cost, for a large part wanders more than a small one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_DEEPEST: Final = 3
_GROUPS: Final = 5
_LEAST_SHARE: Final = 0.05
_PER_DIMENSION: Final = 0.02
_WEIGHT: Final = 0.6
_SMALLEST: Final = 1e-9


@dataclass(frozen=True)
class Cause:
    """One explanation: where it lies (number of the dimension, value), which leaves, how much, how well it fits."""

    where: tuple[tuple[int, str | None], ...]
    leaves: npt.NDArray[np.bool_]
    contribution: float
    fit: float


def causes(
    dimensions: Sequence[Sequence[str | None]],
    expected: Floats,
    actual: Floats,
    *,
    nested: Sequence[tuple[int, int]] = (),
    most: int = 3,
) -> tuple[Cause, ...]:
    """The best explanations of actual - expected over leaves, best first; `nested` dimensions imply one another.

    Of explanations that mean the same leaves only the best is given.
    """
    change = actual - expected
    total = float(change.sum())
    if not len(change) or not total:
        return ()
    size = np.where(expected > 0, expected, np.abs(change))  # what is new is weighed by what it came to
    weight = np.maximum(size, _SMALLEST) ** -_WEIGHT
    whole = float((np.abs(change) * weight).sum())
    if not whole:
        return ()
    coded = [_codes(values) for values in dimensions]
    found: list[Cause] = []
    for depth in range(1, min(_DEEPEST, len(coded)) + 1):
        for chosen in combinations(range(len(coded)), depth):
            if not any(a in chosen and b in chosen for a, b in nested):
                found += _explained(chosen, coded, dimensions, (expected, actual, weight), (total, whole))
    return _distinct(sorted(found, key=lambda cause: (-cause.fit, -abs(cause.contribution), len(cause.where))), most)


def _distinct(found: Sequence[Cause], most: int) -> tuple[Cause, ...]:
    """The first explanations that do not mean the leaves of one before them."""
    distinct: list[Cause] = []
    for cause in found:
        if not any(np.array_equal(cause.leaves, other.leaves) for other in distinct):
            distinct.append(cause)
        if len(distinct) == most:
            break
    return tuple(distinct)


def _explained(
    chosen: tuple[int, ...],
    coded: Sequence[npt.NDArray[np.int64]],
    dimensions: Sequence[Sequence[str | None]],
    leaves: tuple[Floats, Floats, Floats],
    sums: tuple[float, float],
) -> list[Cause]:
    """The causes that groups of these dimensions offer."""
    expected, actual, weight = leaves
    total, whole = sums
    key = np.zeros(len(expected), np.int64)
    for number in chosen:
        key = key * (int(coded[number].max()) + 1) + coded[number]
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    before, after = np.bincount(group, expected), np.bincount(group, actual)
    moved = (after - before) * np.sign(total)
    change = np.abs(actual - expected) * weight
    found: list[Cause] = []
    for best in np.argsort(-moved, kind="stable")[:_GROUPS]:
        if moved[best] < _LEAST_SHARE * abs(total):
            break
        inside = group == best
        alike = expected * (after[best] / before[best]) if before[best] > 0 else actual
        left = (np.abs(actual - alike) * weight)[inside].sum() + change[~inside].sum()
        found.append(
            Cause(
                where=tuple((number, dimensions[number][int(first[best])]) for number in chosen),
                leaves=inside,
                contribution=float(after[best] - before[best]),
                fit=1 - float(left) / whole - _PER_DIMENSION * (len(chosen) - 1),
            )
        )
    return found


def _codes(values: Sequence[str | None]) -> npt.NDArray[np.int64]:
    known = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.array([known[value] for value in values], np.int64)
