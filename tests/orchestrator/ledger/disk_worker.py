"""What `test_disk` runs on a small disk of its own: prints one JSON object of what happened."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.pins import pin
from orchestrator.ledger.upkeep import sweep
from orchestrator.state.state import State
from shared_models.dataset import DatasetName
from shared_models.errors import FinOpsError
from shared_models.period import utc_now
from skyledger.cli import parser, run
from skyledger.importing import import_bills
from tests.builders import dataset_part
from tests.orchestrator.ledger.killing import LATER, total_of, write_bill


def full(home: Path, bills: Path) -> dict[str, Any]:
    """Fill the disk to the last byte, then with a little room; each time everything that writes, and a question."""
    found: dict[str, Any] = {}
    book(bills / "old.csv")
    for room in (0, 8, 64):
        with filled(home / "filler", room):
            found[f"{room} KiB"] = {
                "import": said(lambda: book(bills / "new.csv")),
                "sync": said(lambda: cli("sync")),
                "dataset": said(lambda: store(home)),
                "old": str(total_of(home)),
            }
    with filled(home / "filler", 0):
        found["pin"] = said(lambda: keep(home))
        found["state"] = said(lambda: note(home))
        for cube in (home / "ledger" / "cubes").iterdir():
            cube.unlink()
        (home / "filler" / "rest").write_bytes(b"")
        with contextlib.suppress(OSError), (home / "filler" / "rest").open("ab") as handle:
            while True:
                handle.write(b"x" * 1024)
                handle.flush()
        found["without cubes"] = str(total_of(home))
    found["room again"] = said(lambda: book(bills / "new.csv"))
    found["new"] = str(total_of(home))
    found["doctor"] = cli("doctor")
    ledger = Ledger(home / "ledger")
    sweep(ledger.catalog, retention=timedelta(0), now=LATER)
    found["left over"] = len(list(ledger.home.facts.iterdir())) - len(ledger.snapshot().loads)
    ledger.close()
    return found


def read_only(home: Path, bills: Path) -> dict[str, Any]:
    """Make the disk read-only, once with everything in the catalogue's file and once with a log beside it."""
    found: dict[str, Any] = {}
    book(bills / "old.csv")
    for name in ("closed", "log beside"):
        if name == "log beside":
            # A killed writer leaves its log, which holds what it committed.
            code = (
                "import os, signal, sys; from pathlib import Path; from tests.orchestrator.ledger import disk_worker as it;"
                "ledger = it.Ledger(Path(sys.argv[1]) / 'ledger'); held = ledger.catalog.reading(); held.__enter__();"
                "it.book(Path(sys.argv[2])); os.kill(os.getpid(), signal.SIGKILL)"
            )
            subprocess.run([sys.executable, "-c", code, str(home), str(bills / "new.csv")], check=False, timeout=60)
            found["log bytes"] = (home / "ledger" / "catalog.sqlite-wal").stat().st_size
        mount("remount,ro", home)
        found[name] = {
            "total": str(total_of(home)),
            "import": said(lambda: book(bills / "new.csv")),
            "dataset": said(lambda: store(home)),
            "pin": said(lambda: keep(home)),
            "state": said(lambda: note(home)),
            "doctor": cli("doctor"),
        }
        mount("remount,rw", home)
    book(bills / "old.csv")
    found["writable again"] = str(total_of(home))
    return found


def forbidden(home: Path, bills: Path) -> dict[str, Any]:
    """Another user's ledger, readable and not writable."""
    book(bills / "old.csv")
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    os.setuid(65534)
    return {
        "total": str(total_of(home)),
        "import": said(lambda: book(bills / "new.csv")),
        "dataset": said(lambda: store(home)),
        "state": said(lambda: note(home)),
    }


def book(bill: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import_bills(parser().parse_args(["import", str(bill), "--provider", "aws", "--source", "bill"]))


def store(home: Path) -> None:
    ledger = Ledger(home / "ledger")
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(ledger):
        Datasets(ledger).book([dataset_part(Path(folder), DatasetName.INVENTORY)], now=utc_now(), reason="refresh")


def keep(home: Path) -> None:
    ledger = Ledger(home / "ledger")
    pin(ledger.catalog, "close", 1, utc_now())


def note(home: Path) -> None:
    with State(Ledger(home / "ledger").home).committing() as connection:
        connection.execute("INSERT INTO answer VALUES ('q', 't', '{}', 1, '', ?, '2026', NULL)", ["x" * 100_000])


def cli(*arguments: str) -> int | str:
    """The status of a command, or what it complained of."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as complaint:
        status = run(arguments)
    return complaint.getvalue() if complaint.getvalue().startswith("error [") else status


def said(work: Callable[[], Any]) -> str:
    """How an operation ended: ok, or code and sentence."""
    try:
        found = work()
    except FinOpsError as error:
        return f"{error.code}: {error.message}"
    return found if isinstance(found, str) else "ok"


@contextlib.contextmanager
def filled(folder: Path, room_kib: int) -> Iterator[None]:
    folder.mkdir()
    try:
        with contextlib.suppress(OSError), (folder / "ballast").open("wb", buffering=0) as handle:
            while handle.write(b"x" * 4096) == 4096:
                pass
        size = (folder / "ballast").stat().st_size
        os.truncate(folder / "ballast", size - room_kib * 1024)
        yield
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def mount(options: str, where: Path) -> None:
    subprocess.run(["mount", "-o", options, str(where)], check=True)  # noqa: S607


if __name__ == "__main__":
    scratch = Path(sys.argv[2])
    place = scratch / "disk"
    place.mkdir()
    place.chmod(0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], check=True)  # noqa: S607
    for which in ("old", "new"):
        write_bill(scratch / f"{which}.csv", which)
    write_bill(scratch / "exports" / "costs" / "bill.csv", "new")
    os.environ["SKYLEDGER_HOME"] = str(place)
    os.environ["SKYLEDGER_AWS_EXPORTS"] = str(scratch / "exports")
    scenario = {"full": full, "read_only": read_only, "forbidden": forbidden}[sys.argv[1]]
    sys.stdout.write(json.dumps(scenario(place, scratch), indent=1) + "\n")
