"""What our credentials reach: each tenant, the billing scopes that answer, and the roles that are missing."""

from datetime import timedelta

import anyio

from servers.azure.gaps import gap_of
from servers.azure.live import Live
from servers.azure.organisation import LiveOrganisation
from servers.azure.permissions import role_for
from servers.azure.scopes import scopes
from servers.azure.tenants import tenants
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError, PermissionDeniedError
from shared_models.server_card import Access, MissingPermission

_MOST_TOLD = 20


async def access_of(live: Live, organisation: LiveOrganisation) -> Access:
    """Everything that can be told without using the quota of Cost Management; a failure to look is a gap in it."""
    try:
        entered, refused = await tenants(live)
    except FinOpsError as error:
        return Access(partition=live.settings.cloud.value, accounts_refused=(gap_of("our own tenant", error),))
    gaps = list(refused)
    live.refused.clear()
    async with anyio.create_task_group() as group:
        for tenant in entered:
            for service, operation in _PROBES:
                group.start_soon(_try, live, tenant, service, operation, gaps)
    reached: int | None = None
    try:
        seen, unread = await organisation.seen()
        reached = len(seen)
        gaps += [*unread, *(await scopes(live, organisation, timedelta(0))).refused]
    except FinOpsError as error:
        gaps.append(gap_of("subscriptions", error))
    return Access(
        partition=live.settings.cloud.value,
        accounts_reached=reached,
        accounts_refused=tuple(dict.fromkeys(gaps))[:_MOST_TOLD],
        missing_permissions=tuple(_missing(permission, where) for permission, where in sorted(live.refused)),
    )


_PROBES = (
    ("subscriptions", "subscriptions.list"),
    ("managementgroups", "management_groups.list"),
    ("billing", "billing_accounts.list"),
)
"""Asked anew each time: what is kept would hide a role that was taken away, or given, since."""


async def _try(live: Live, tenant: str, service: str, operation: str, gaps: list[Gap]) -> None:
    """Ask once; a refused permission is remembered by `live`."""
    try:
        await off_loop(live.items, service, operation, tenant)
    except PermissionDeniedError:
        return
    except FinOpsError as error:
        gaps.append(gap_of(f"{service} of tenant {tenant}", error))


def _missing(permission: str, where: str) -> MissingPermission:
    role, tools = role_for(permission)
    return MissingPermission(permission=f"{permission} (role {role})", on=where, tools=tools)
