"""SkyLedger: exact cloud costs over AWS, Azure and GCP for AI agents."""

import sys
from pathlib import Path

__version__ = "0.1.0"


def main() -> None:
    """The `skyledger` command. The packages beside this one are private to it: they come first on the path."""
    here = Path(__file__).resolve().parent
    private = here if (here / "orchestrator").is_dir() else here.parent
    sys.path.insert(0, str(private))
    from skyledger.cli import run  # noqa: PLC0415 - only now can the private packages be found

    sys.exit(run(sys.argv[1:]))
