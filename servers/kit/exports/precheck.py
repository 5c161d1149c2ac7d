"""Look at a text file before it is parsed: encoding, truncation, bombs, endless lines, doubled headers."""

import codecs
import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

from shared_models.errors import UnreadableExportError

MAX_LINE: Final = 4 << 20
"""Bytes of one line; a line item with all its tags is far below."""
_MAX_RATIO: Final = 300
"""Real bills compress 10 to 60 times."""
_FREE_BYTES: Final = 256 << 20
_BLOCK: Final = 1 << 20
_OTHER_SEPARATORS: Final = (";", "\t", "|")


def inspect_text(file: Path) -> None:
    """Check a CSV or JSON file without parsing it.

    Raises:
        UnreadableExportError: it is empty, truncated, not UTF-8, a compression bomb, or has an endless line.

    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = file.stat().st_size
    row, line, total = 1, 0, 0
    try:
        for block in _blocks(file):
            if not total and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise _unreadable("The file is UTF-16.", file, "Save it as UTF-8.")
            total += len(block)
            _check_size(file, total, size)
            decoder.decode(block)
            row, line = row + block.count(b"\n"), _open_line(block, line)
            if line > MAX_LINE:
                raise _unreadable(f"A line is longer than {MAX_LINE >> 20} MiB.", file, "Export the file again.", row)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _unreadable("The text is not UTF-8.", file, "Save it as UTF-8.", row) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _unreadable("The compressed file is cut off or damaged.", file, "Copy it again.", row) from error
    except PermissionError as error:
        raise _unreadable("Permission was denied.", file, "Give the current user read access.") from error
    if not total:
        raise _unreadable("The file is empty.", file, "Export it again.")


def csv_header(file: Path) -> tuple[str, ...]:
    """The column names of a CSV file, as written.

    Raises:
        UnreadableExportError: there are none, or one stands twice.

    """
    with _open(file) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as handle:
        try:
            header = next(csv.reader(handle), list[str]())
        except csv.Error as error:
            raise _unreadable("The header cannot be read.", file, "Export the file again.", 1) from error
    names = [name.strip() for name in header]
    if len(names) == 1 and any(mark in names[0] for mark in _OTHER_SEPARATORS):
        raise _unreadable("The columns are not separated by commas.", file, "Save it as comma-separated CSV.", 1)
    doubled = [name for name, count in Counter(name.lower() for name in names).items() if count > 1 and name]
    if doubled:
        shown = next(name for name in names if name.lower() == doubled[0])
        raise UnreadableExportError(
            "A column name stands twice in the header.", file=str(file), row=1, column=shown, hint="Export it again."
        )
    return tuple(names)


def first_line(file: Path) -> bytes:
    """The first line with its line end."""
    with _open(file) as handle:
        return handle.readline(MAX_LINE)


def _blocks(file: Path) -> Iterator[bytes]:
    with _open(file) as handle:
        while block := handle.read(_BLOCK):
            yield block


def _open(file: Path) -> IO[bytes]:
    if file.name.lower().endswith(".gz"):
        return cast("IO[bytes]", gzip.open(file, "rb"))
    return file.open("rb")


def _open_line(block: bytes, before: int) -> int:
    """Length so far of the line that is open at the block's end, or of a longer one inside of it."""
    last = block.rfind(b"\n")
    return before + len(block) if last < 0 else len(block) - last - 1


def _check_size(file: Path, total: int, size: int) -> None:
    if total > max(_FREE_BYTES, size * _MAX_RATIO):
        raise _unreadable(
            f"The file unpacks to more than {_MAX_RATIO} times its size.", file, "This is not a bill; remove it."
        )


def _unreadable(problem: str, file: Path, hint: str, row: int | None = None) -> UnreadableExportError:
    return UnreadableExportError(problem, file=str(file), hint=hint, row=row)
