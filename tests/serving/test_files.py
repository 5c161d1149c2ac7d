import hashlib
from pathlib import Path

import pytest

from serving.files import publish_by_content, sha256_of, temporary, write_whole


def test_files_are_hashed_as_if_they_were_one(tmp_path: Path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"x" * 1_000_000)
    second.write_bytes(b"y")

    assert sha256_of(first, second) == hashlib.sha256(b"x" * 1_000_000 + b"y").hexdigest()
    assert sha256_of(first) != sha256_of(second)


def fail_half_way(final: Path):
    with temporary(final) as beside:
        beside.write_bytes(b"half of the n")
        raise ZeroDivisionError


def test_work_that_fails_leaves_nothing_beside_the_old_file(tmp_path: Path):
    final = tmp_path / "kept.json"
    write_whole(final, b"old")

    with pytest.raises(ZeroDivisionError):
        fail_half_way(final)

    assert [file.name for file in tmp_path.iterdir()] == ["kept.json"]
    assert final.read_bytes() == b"old"


def test_equal_contents_become_one_file_named_by_it(tmp_path: Path):
    found = []
    for name in ("one", "other"):
        with temporary(tmp_path / name) as beside:
            beside.write_bytes(b"the same")
            found.append(publish_by_content(beside, ".parquet"))

    assert found[0] == found[1] == (tmp_path / f"{hashlib.sha256(b'the same').hexdigest()}.parquet", found[0][1])
    assert list(tmp_path.iterdir()) == [found[0][0]]
