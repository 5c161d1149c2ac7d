"""A process that forks one child per line it reads; the child does one operation and is killed on the way, by SIGKILL.

A line is JSON: {"home", "operation", "environment", "die_at", "delay"}. `die_at` kills before the n-th durable step
(a rename, link, unlink, fsync or COMMIT), `delay` after so many seconds. The answer says how many steps there were and
whether the child was killed. Forking spares the second that imports take; no connection is open when it happens.
"""

import importlib
import itertools
import json
import os
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from orchestrator.ledger.catalog import Catalog
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.upkeep import sweep
from orchestrator.state.state import State
from servers.kit.conformance import builtin, check
from servers.kit.datasets import bill_conformance
from skyledger.cli import run
from tests.orchestrator.ledger.killing import LATER, total_of


def main() -> None:
    for name in ("importing", "calling", "compose", "upkeep", "cli"):
        importlib.import_module(f"skyledger.{name}")
    for cloud in ("aws", "azure", "gcp"):
        importlib.import_module(f"servers.{cloud}.server")
    _know_few_rules()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()


def _know_few_rules() -> None:
    """Planning all rules of FOCUS for each tiny bill would take longer than all else; what is told is kept the same."""
    whole = builtin.builtin_model()
    few = whole.model_copy(update={"model_rules": dict(itertools.islice(whole.model_rules.items(), 3))})
    for module in (check, bill_conformance):
        vars(module)["builtin_model"] = lambda: few


def _run(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(order, writing)
    os.close(writing)
    if order.get("delay") is not None:
        time.sleep(order["delay"])
        if os.waitpid(child, os.WNOHANG) == (0, 0):
            os.kill(child, signal.SIGKILL)
        else:
            return {"killed": False, "steps": 0, "status": 0}
    steps = 0
    while found := os.read(reading, 4096):
        steps += len(found)
    os.close(reading)
    status = os.waitpid(child, 0)[1]
    return {"killed": os.WIFSIGNALED(status), "steps": steps, "status": status}


def _child(order: dict[str, Any], steps: int) -> None:
    status = 1
    try:
        log = os.open(f"{order['home']}.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update({"SKYLEDGER_HOME": order["home"], **order.get("environment", {})})
        _count(steps, order.get("die_at"))
        status = OPERATIONS[order["operation"]](Path(order["home"]), *order.get("arguments", []))
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - the status says it, the log says why
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _count(steps: int, die_at: int | None) -> None:
    """Let every durable step write a byte, and the n-th one kill this process before it is done."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if done == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        os.write(steps, b".")

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            step()
            return original(*arguments, **named)

        return run

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if sql == "COMMIT":
                step()
            return super().execute(sql, *values)

    connect = sqlite3.connect
    sqlite3.connect = lambda *arguments, **named: connect(*arguments, factory=Connection, **named)
    for name in ("replace", "link", "unlink", "fsync"):
        setattr(os, name, counted(getattr(os, name)))


def _cli(_home: Path, *arguments: str) -> int:
    return run(arguments)


def _sweep(home: Path) -> int:
    sweep(Catalog(LedgerHome(home / "ledger")), retention=timedelta(0), now=LATER)
    return 0


def _ask(home: Path) -> int:
    total_of(home)
    return 0


def _write_state(home: Path, job: str) -> int:
    with State(LedgerHome(home / "ledger")).committing() as connection:
        for name in (job, f"{job}-twin"):
            connection.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, 'tool', '{}', 1, '', '{}', '2026-11-24T00:00:00Z', NULL)",
                [name],
            )
    return 0


OPERATIONS: dict[str, Callable[..., int]] = {
    "import": lambda home, *arguments: _cli(home, "import", *arguments),
    "sync": lambda home: _cli(home, "sync"),
    "rebuild": lambda home: _cli(home, "rebuild"),
    "sweep": _sweep,
    "ask": _ask,
    "state": _write_state,
}

if __name__ == "__main__":
    main()
