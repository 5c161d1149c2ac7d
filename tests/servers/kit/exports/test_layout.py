"""Which files of an export count, and how old it is: what its manifest says, else the time of its files."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from servers.kit.exports.layout import discover
from shared_models.coverage import DatedBy

SUBMITTED = datetime(2026, 11, 3, 4, 12, 31, tzinfo=UTC)
COPIED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def azure_run(root: Path, info: dict[str, str]) -> Path:
    run = root / "20261001-20261031" / "202611030412"
    run.mkdir(parents=True)
    (run / "part.csv").write_text("a\n1\n")
    (run / "manifest.json").write_text(json.dumps({"runInfo": info, "blobs": [{"blobName": "part.csv"}]}))
    for file in run.iterdir():
        os.utime(file, (COPIED.timestamp(), COPIED.timestamp()))
    return root


def test_an_azure_export_is_as_old_as_its_manifest_says_whenever_it_was_copied(tmp_path: Path) -> None:
    [found] = discover(azure_run(tmp_path / "export", {"submittedTime": "2026-11-03T04:12:31.1234567Z"}))

    assert (found.made_at, found.dated_by) == (SUBMITTED, DatedBy.MANIFEST)


@pytest.mark.parametrize("info", [{}, {"submittedTime": "some day"}])
def test_without_a_readable_time_in_the_manifest_it_is_a_file_time(tmp_path: Path, info: dict[str, str]) -> None:
    [found] = discover(azure_run(tmp_path / "export", info))

    assert (found.made_at, found.dated_by) == (COPIED, DatedBy.FILE_TIME)


def test_a_loose_file_has_only_its_time(tmp_path: Path) -> None:
    file = tmp_path / "bill.csv"
    file.write_text("a\n1\n")
    os.utime(file, (COPIED.timestamp(), COPIED.timestamp()))

    [found] = discover(file)

    assert (found.made_at, found.dated_by) == (COPIED, DatedBy.FILE_TIME)


def test_of_an_aws_export_that_keeps_its_runs_the_last_one_counts(tmp_path: Path) -> None:
    for run in ("20261102T040000Z-b", "20261101T040000Z-c"):
        data = tmp_path / "costs" / "data" / "BILLING_PERIOD=2026-10" / run
        data.mkdir(parents=True)
        (data / "bill.csv").write_text("a\n1\n")
        manifest = tmp_path / "costs" / "metadata" / "BILLING_PERIOD=2026-10" / run / "costs-Manifest.json"
        manifest.parent.mkdir(parents=True)
        manifest.write_text(json.dumps({"dataFiles": [f"data/BILLING_PERIOD=2026-10/{run}/bill.csv"]}))

    [found] = discover(tmp_path)

    assert [file.parent.name for file in found.files] == ["20261102T040000Z-b"]
