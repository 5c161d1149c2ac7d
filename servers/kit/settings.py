"""Settings of a cloud server: where its exported data lies, and where it may keep what it converted."""

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from shared_models.base import WireModel
from shared_models.settings_names import check_names


class Settings(WireModel):
    """One frozen object per process."""

    home: Path
    exports: Path | None = None
    sample: bool = False
    """True where the sample organisation answers instead of the cloud itself."""


def load_settings(cloud: str, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of one cloud's server from SKYLEDGER_HOME and SKYLEDGER_<CLOUD>_EXPORTS.

    Raises:
        InvalidArgumentError: an unknown SKYLEDGER_ variable.

    """
    environment = os.environ if environment is None else environment
    check_names(environment)
    named = environment.get("SKYLEDGER_HOME")
    home = Path(named).expanduser() if named else Path(platformdirs.user_data_dir("skyledger", appauthor=False))
    exports = environment.get(f"SKYLEDGER_{cloud.upper()}_EXPORTS")
    return Settings(home=home, exports=Path(exports).expanduser() if exports else None)
