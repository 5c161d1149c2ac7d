"""Which tenants are looked at: those of the settings, else every one that Azure lists for our credentials."""

from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from servers.azure.gaps import gap_of
from servers.azure.live import Live
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError

FRESH_FOR: Final = timedelta(hours=6)
_KEPT: Final = TypeAdapter(tuple[str, ...])


async def tenants(live: Live) -> tuple[tuple[str, ...], tuple[Gap, ...]]:
    """The tenants that our credentials enter, our own first, and a gap for each that they do not.

    Raises:
        FinOpsError: they enter none.

    """
    own = await off_loop(live.sessions.caller)

    async def ask() -> str:
        found = await off_loop(live.items, "subscriptions", "tenants.list", None)
        return _KEPT.dump_json(tuple(str(one.tenant_id).lower() for one in found)).decode()

    gaps: list[Gap] = []
    named = live.settings.tenants
    if not named:
        try:
            named = (own.tenant, *_KEPT.validate_json((await live.answers.get("tenants", FRESH_FOR, ask)).body))
        except FinOpsError as error:
            named = (own.tenant,)
            gaps.append(gap_of("the list of tenants", error))
    entered: list[str] = []
    for tenant in named:
        try:
            entered.append((await off_loop(live.sessions.caller, tenant)).tenant)
        except FinOpsError as error:
            if not entered and tenant == named[-1]:
                raise
            gaps.append(gap_of(f"tenant {tenant}", error))
    return tuple(dict.fromkeys(entered)), tuple(gaps)
