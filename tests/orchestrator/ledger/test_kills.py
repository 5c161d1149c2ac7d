"""Whatever kills a process, and whenever: the ledger is wholly old or wholly new, and needs no repair."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrator.ledger.killing import Case, Zygote, cases, kill_and_check, steps_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")

SHARES = {
    "import": (0.0, 0.2, 0.4, 0.6, 0.75, 0.85, 0.92, 1.0),
    "first import": (0.1, 0.9),
    "sync": (0.1, 0.7, 0.85, 0.95),
    "cube": (0.0, 0.4, 0.8),
    "sweep": (0.0, 0.4, 1.0),
    "rebuild": (0.1, 0.5, 0.9),
    "state": (0.0, 1.0),
}
"""How far through its durable steps each operation is killed; `make soak` kills at every one."""


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    zygote = Zygote()
    yield zygote
    zygote.close()


@pytest.fixture(scope="module")
def operations(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("kills")
    found = cases(zygote, folder)
    for name, case in found.items():
        case.steps = steps_of(zygote, case, folder / f"whole-{name}")
    return found


@pytest.mark.parametrize(("name", "share"), [(name, share) for name, shares in SHARES.items() for share in shares])
def test_a_kill_between_two_durable_steps_leaves_old_or_new(
    zygote: Zygote, operations: dict[str, Case], tmp_path: Path, name: str, share: float
) -> None:
    case = operations[name]

    assert kill_and_check(zygote, case, tmp_path / "home", die_at=1 + round(share * (case.steps - 1)))


@pytest.mark.parametrize(("name", "seed"), [("import", 1), ("sync", 3), ("cube", 4)])
def test_a_kill_at_a_random_moment_leaves_old_or_new(
    zygote: Zygote, operations: dict[str, Case], tmp_path: Path, name: str, seed: int
) -> None:
    kill_and_check(zygote, operations[name], tmp_path / "home", delay=random.Random(seed).uniform(0.02, 0.4))  # noqa: S311
