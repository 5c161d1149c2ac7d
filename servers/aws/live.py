"""What live AWS shares between its ports: settings, sessions, pacing, the purse, kept answers, folders, the clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from servers.aws.errors import translated
from servers.aws.session import Sessions
from servers.aws.settings import AwsSettings
from servers.kit.live.answers import Answers
from servers.kit.live.pacing import Limiter
from servers.kit.live.purse import Purse
from servers.kit.live.threads import off_loop
from shared_models.errors import PermissionDeniedError
from shared_models.period import utc_now

Result = TypeVar("Result")
RATES: Final = {
    "ce": (4.0, 4),
    "organizations": (10.0, 15),
    "bcm-data-exports": (4.0, 4),
    "cur": (4.0, 4),
    "budgets": (4.0, 4),
}
"""Service -> (calls a second, at once), below what AWS throttles at."""
_OTHERS: Final = (20.0, 20)
COST_EXPLORER_PRICE: Final = Decimal("0.01")


@dataclass
class Live:
    """One object per server. `refused` remembers the permissions that AWS refused, by (permission, where)."""

    settings: AwsSettings
    folder: Path
    clock: Callable[[], datetime] = utc_now
    refused: dict[tuple[str, str], PermissionDeniedError] = field(
        default_factory=dict[tuple[str, str], PermissionDeniedError]
    )

    def __post_init__(self) -> None:
        """Nothing here loads the SDK or asks AWS."""
        self.sessions = Sessions(self.settings)
        self.purse = Purse(
            self.folder / "purse.sqlite", "aws-cost-explorer", self.settings.daily_purse, clock=self.clock
        )
        self.answers = Answers(self.folder / "answers.sqlite", self.clock)
        self._limiters: dict[str, Limiter] = {}

    async def ask(self, service: str, operation: str, account: str | None = None, **arguments: Any) -> Any:
        """One answer of a service at its partition's home, paced, off the event loop.

        Raises:
            FinOpsError: as `servers.aws.errors` translates what AWS or its SDK says.

        """
        return await off_loop(self.asked, service, operation, account, arguments)

    def asked(self, service: str, operation: str, account: str | None, arguments: dict[str, Any]) -> Any:
        """The same, blocking."""
        self.limiter(service).wait()
        client = self.sessions.client(service, None, account)
        name = f"{service}:{client.meta.method_to_api_mapping[operation]}"
        try:
            return getattr(client, operation)(**arguments)
        except Exception as error:
            raise self.told(error, name, account) from error

    def told(self, error: Exception, call: str, account: str | None) -> Exception:
        """The translated error; a refused permission is remembered."""
        where = account or "our own account"
        translation = translated(error, call, on=where)
        if isinstance(translation, PermissionDeniedError):
            self.refused[call, where] = translation
        return translation

    def limiter(self, service: str) -> Limiter:
        """The pacing of a service."""
        if service not in self._limiters:
            rate, burst = RATES.get(service, _OTHERS)
            self._limiters.setdefault(service, Limiter(rate, burst=burst))
        return self._limiters[service]
