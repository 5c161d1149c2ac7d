"""`skyledger pins` and `unpin`: which answers are kept for a month close, and to let one go."""

import argparse

from rich.console import Console

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.pins import pinned, pins, unpin
from orchestrator.settings import load_settings
from orchestrator.state.answer import Answers
from orchestrator.state.state import State
from shared_models.errors import InvalidArgumentError, near_matches
from skyledger.tables import print_tables


def show(_options: argparse.Namespace) -> int:
    """Every pin with the answers that it holds."""
    ledger = Ledger(load_settings().ledger_home)
    answers = Answers(State(ledger.home))
    rows = [
        {
            "pin": pin.name,
            "since": pin.pinned_at[:10],
            "generation": pin.generation,
            "query_id": kept.query_id if kept else None,
            "tool": f"finops_{kept.tool}" if kept else None,
        }
        for pin in pins(ledger.catalog)
        for kept in answers.pinned_as(pin.name) or (None,)
    ]
    if rows:
        print_tables("Pins", rows, Console())
    else:
        print("nothing is pinned; finops_replay_answer pins an answer: its query_id with pin_as")
    return 0


def remove(options: argparse.Namespace) -> int:
    """Take a pin away: the next rebuild or sync may forget what it kept.

    Raises:
        InvalidArgumentError: there is no such pin; near names are in the hint.

    """
    ledger = Ledger(load_settings().ledger_home)
    if not unpin(ledger.catalog, options.name):
        names = list(pinned(ledger.catalog))
        near = near_matches(options.name, names) or names
        raise InvalidArgumentError(
            "name",
            f"Nothing is pinned as {options.name!r}.",
            hint=f"Pinned: {', '.join(near)}." if near else "`skyledger pins` lists what is pinned: nothing.",
        )
    let_go = Answers(State(ledger.home)).let_go(options.name)
    print(f"{options.name} is no longer pinned; its answers ({let_go}) are kept like any other")
    return 0
