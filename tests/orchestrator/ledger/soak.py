"""`python -m tests.orchestrator.ledger.soak N`: N kills, first at every durable step of every operation, then random."""

import contextlib
import io
import random
import sys
import tempfile
from pathlib import Path

from tests.orchestrator.ledger.killing import Zygote, cases, kill_and_check, steps_of


def main(kills: int) -> None:
    zygote = Zygote()
    with tempfile.TemporaryDirectory(prefix="skyledger-soak-") as name:
        folder = Path(name)
        found = cases(zygote, folder)
        orders = [
            (case_name, {"die_at": step})
            for case_name, case in found.items()
            for step in range(1, steps_of(zygote, case, folder / f"whole-{case_name}") + 1)
        ]
        chance = random.Random(2026)  # noqa: S311 - the same kills each time
        while len(orders) < kills:
            orders.append((chance.choice(sorted(found)), {"delay": chance.uniform(0, 0.8)}))
        in_time = 0
        for number, (case_name, when) in enumerate(orders[:kills]):
            with contextlib.redirect_stdout(io.StringIO()):
                in_time += kill_and_check(zygote, found[case_name], folder / f"kill-{number}", **when)
            sys.stderr.write(f"\r{number + 1} of {kills}: {case_name} {when}" + " " * 20)
    zygote.close()
    sys.stderr.write(f"\n{kills} kills, {in_time} in mid-operation: each left the old or the new ledger\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
