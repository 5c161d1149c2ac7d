"""The cause: the group whose members moved alike, whatever its depth; new and ended parts too."""

import itertools

import numpy as np
import pytest

from orchestrator.analyses.anomalies.cause import causes

LEAVES = list(itertools.product(["a", "b", "c", "d"], ["x", "y", "z"], ["north", "south"]))
DIMENSIONS = [list(values) for values in zip(*LEAVES, strict=True)]
EXPECTED = np.random.default_rng(7).pareto(1.5, len(LEAVES)) * 100 + 10
QUIET = EXPECTED * np.exp(np.random.default_rng(8).normal(0, 0.03, len(LEAVES)))


def where(*wanted: str) -> np.ndarray:
    return np.array([all(value in leaf for value in wanted) for leaf in LEAVES])


def test_one_two_and_three_dimensions_are_told_apart() -> None:
    for wanted in (("b",), ("south",), ("a", "y"), ("c", "z", "north")):
        actual = np.where(where(*wanted), QUIET * 3, QUIET)

        best = causes(DIMENSIONS, EXPECTED, actual)[0]

        assert {value for _, value in best.where} == set(wanted)
        assert best.contribution == pytest.approx((actual - EXPECTED)[where(*wanted)].sum())


def test_what_ended_and_what_is_new_is_found() -> None:
    ended = np.where(where("d", "x"), 0, QUIET)
    new = where("a", "z", "south")
    before = np.where(new, 0, EXPECTED)

    assert {value for _, value in causes(DIMENSIONS, EXPECTED, ended)[0].where} == {"d", "x"}
    found = causes(DIMENSIONS, before, np.where(new, 900, QUIET))[0]
    assert {value for _, value in found.where} == {"a", "z", "south"}


def test_nothing_moved_has_no_cause() -> None:
    assert causes(DIMENSIONS, EXPECTED, EXPECTED) == ()
    assert causes([[], [], []], np.array([]), np.array([])) == ()
