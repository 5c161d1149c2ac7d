"""A full, read-only or forbidden disk: one clear error for what writes, the old snapshot for what asks."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.orchestrator.ledger.killing import NEW, OLD


def can_mount() -> bool:
    if sys.platform != "linux" or os.getuid() != 0:
        return False
    probe = "unshare -m sh -c 'mount -t tmpfs tmpfs /mnt'"
    return subprocess.run(probe, shell=True, capture_output=True, check=False).returncode == 0  # noqa: S602


pytestmark = pytest.mark.skipif(not can_mount(), reason="needs root on Linux, for a small disk of its own")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="skyledger-disk-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def happened(scenario: str, place: Path) -> dict:
    command = ["unshare", "-m", sys.executable, "-m", "tests.orchestrator.ledger.disk_worker", scenario, str(place)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_full_disk_loses_nothing_and_all_works_again_with_room(place: Path) -> None:
    found = happened("full", place)

    for room in ("0 KiB", "8 KiB", "64 KiB"):
        assert found[room]["import"].startswith("ledger_unavailable: The disk is full")
        assert Decimal(found[room]["old"]) == OLD
    for operation in ("sync", "dataset"):
        assert "ledger_unavailable" in found["0 KiB"][operation]
        assert "The disk is full" in found["0 KiB"][operation]
    assert found["pin"].startswith("ledger_unavailable: The disk is full")
    assert found["state"].startswith("ledger_unavailable: The disk is full")
    assert Decimal(found["without cubes"]) == OLD
    assert found["room again"] == "ok"
    assert Decimal(found["new"]) == NEW
    assert found["doctor"] == 0
    assert found["left over"] == 0


def test_a_read_only_disk_answers_and_refuses_to_write(place: Path) -> None:
    found = happened("read_only", place)

    assert found["log bytes"] > 0
    for state, expected in {"closed": OLD, "log beside": NEW}.items():
        assert Decimal(found[state]["total"]) == expected
        assert found[state]["doctor"] == 0
        for operation in ("import", "dataset"):
            assert found[state][operation].startswith("ledger_unavailable: The disk is read-only")
        for operation in ("pin", "state"):
            assert found[state][operation] == "ledger_unavailable: The ledger's folder cannot be written."
    assert Decimal(found["writable again"]) == OLD


def test_another_users_ledger_answers_and_refuses_to_write(place: Path) -> None:
    if any(folder.stat().st_mode & 0o005 != 0o005 for folder in (REPOSITORY, *REPOSITORY.parents)):
        pytest.skip("another user cannot reach this checkout")
    found = happened("forbidden", place)

    assert Decimal(found["total"]) == OLD
    for operation in ("import", "dataset"):
        assert found[operation].startswith("ledger_unavailable: Permission was denied")
    assert found["state"] == "ledger_unavailable: The ledger's folder cannot be written."
