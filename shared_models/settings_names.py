"""Every SKYLEDGER_ variable there is; one that is not here is a spelling mistake and refused."""

import os
from collections.abc import Mapping
from typing import Final

from shared_models.errors import InvalidArgumentError, near_matches

KNOWN: Final = {
    "SKYLEDGER_HOME": "folder of the ledger",
    "SKYLEDGER_CONFIG": "path of skyledger.toml",
    "SKYLEDGER_TOOLSETS": "toolsets of the orchestrator, separated by commas",
    "SKYLEDGER_AWS_EXPORTS": "folder with AWS bills and datasets",
    "SKYLEDGER_AZURE_EXPORTS": "folder with Azure bills and datasets",
    "SKYLEDGER_GCP_EXPORTS": "folder with Google Cloud bills and datasets",
}


def check_names(environment: Mapping[str, str] | None = None) -> None:
    """Refuse an unknown SKYLEDGER_ variable.

    Raises:
        InvalidArgumentError: one is not known; near names are in the hint.

    """
    for name in environment if environment is not None else os.environ:
        if name.startswith("SKYLEDGER_") and name not in KNOWN:
            near = near_matches(name, KNOWN, limit=2) or sorted(KNOWN)
            raise InvalidArgumentError(name, f"There is no setting {name}.", hint=f"Did you mean {' or '.join(near)}?")
