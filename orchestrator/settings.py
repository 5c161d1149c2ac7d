"""Settings of the orchestrator: one frozen object per process, from the environment and skyledger.toml."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.business.config import BusinessConfig
from shared_models.base import WireModel
from shared_models.errors import InvalidArgumentError
from shared_models.settings_names import check_names


class Upstream(WireModel):
    """How one cloud server is reached: in this process (the default), as a child on stdio, or at a URL."""

    command: tuple[str, ...] = ()
    url: str | None = None
    enabled: bool = True


class Freshness(WireModel):
    """After how many hours a dataset is fetched again by the schedule."""

    costs_hours: float = 4
    inventory_hours: float = 0.5
    recommendations_hours: float = 24
    commitments_hours: float = 24
    prices_hours: float = 168
    organisation_hours: float = 6
    usage_hours: float = 24


class Settings(BaseModel):
    """What an owner may set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    upstreams: dict[str, Upstream] = Field(default_factory=dict)
    deadline_seconds: float = Field(default=25, gt=0, le=300)
    sync_deadline_seconds: float = Field(default=600, gt=0)
    connect_seconds: float = Field(default=15, gt=0, description="A server that takes longer to start is given up")
    break_seconds: float = Field(default=10, ge=0, description="How long a server that failed is left alone")
    heartbeat_seconds: float = Field(default=10, gt=0, description="Progress is told at least this often")
    freshness: Freshness = Freshness()
    sync_every_minutes: float = Field(default=0, ge=0, description="0: only on demand")
    retention_days: int = Field(default=400, ge=1)
    max_reject_share: float = Field(default=0.01, ge=0, le=1)
    business: BusinessConfig = BusinessConfig()

    @property
    def ledger_home(self) -> Path:
        """The ledger's folder below the home."""
        return self.home / "ledger"


_BUSINESS = frozenset(BusinessConfig.model_fields)


def home_folder(environment: Mapping[str, str]) -> Path:
    """SKYLEDGER_HOME, else the platform's data folder for applications."""
    named = environment.get("SKYLEDGER_HOME")
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir("skyledger", appauthor=False))


def load_settings(environment: Mapping[str, str] | None = None, extra_config: Path | None = None) -> Settings:
    """The settings of this process; `extra_config` stands in where the owner has no skyledger.toml.

    Raises:
        InvalidArgumentError: an unknown name, or a value that cannot be used.

    """
    environment = os.environ if environment is None else environment
    check_names(environment)
    home = home_folder(environment)
    own = Path(environment.get("SKYLEDGER_CONFIG") or home / "skyledger.toml")
    file = own if own.is_file() or extra_config is None else extra_config
    said = _read(file) if file.is_file() else {}
    business = {name: said.pop(name) for name in list(said) if name in _BUSINESS}
    try:
        return Settings.model_validate({**said, "home": home, "business": business})
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise InvalidArgumentError(where, f"{file.name}: {where}: {fault['msg']}.", hint="Correct the file.") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidArgumentError(
            "skyledger.toml", f"{file.name} cannot be read: {error}.", hint="Correct it."
        ) from error
