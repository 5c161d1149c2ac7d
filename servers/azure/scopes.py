"""The widest billing scopes that answer, and what stands in for them where none does."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from servers.azure.gaps import gap_of
from servers.azure.live import Live
from servers.azure.organisation import LiveOrganisation
from servers.azure.tenants import tenants
from servers.kit.live.threads import off_loop
from shared_models.base import WireModel
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError

FRESH_FOR: Final = timedelta(hours=6)


class Scope(WireModel):
    """One scope of Cost Management: its resource id without a slash at either end, and the tenant that reads it."""

    id: str
    tenant: str

    @property
    def kind(self) -> str:
        """`billing account`, `billing profile`, `management group`, `subscription`."""
        known = {
            "billingprofiles": "billing profile",
            "billingaccounts": "billing account",
            "managementgroups": "management group",
            "subscriptions": "subscription",
        }
        return next((kind for part, kind in known.items() if f"{part}/" in f"{self.id.lower()}/"), "billing scope")


@dataclass(frozen=True)
class Scopes:
    """The scopes that together cover what is looked at, and what refused."""

    used: tuple[Scope, ...]
    refused: tuple[Gap, ...] = ()


_KEPT: Final = TypeAdapter(tuple[tuple[Scope, ...], tuple[Gap, ...]])


async def scopes(live: Live, organisation: LiveOrganisation, fresh_for: timedelta = FRESH_FOR) -> Scopes:
    """Billing scopes where one answers, else the management groups or subscriptions of each tenant; kept for hours.

    Raises:
        FinOpsError: our credentials enter no tenant.

    """
    entered, gaps = await tenants(live)
    settings = live.settings
    question = f"scopes {entered} {settings.billing_scopes} {settings.management_groups} {settings.subscriptions}"

    async def ask() -> str:
        found = await _found(live, organisation, entered)
        return _KEPT.dump_json((found.used, found.refused)).decode()

    used, refused = _KEPT.validate_json((await live.answers.get(question, fresh_for, ask)).body)
    return Scopes(used, (*gaps, *refused))


async def _found(live: Live, organisation: LiveOrganisation, entered: tuple[str, ...]) -> Scopes:
    settings = live.settings
    refused: list[Gap] = []
    if not settings.management_groups and not settings.subscriptions:
        wanted = [Scope(id=one, tenant=entered[0]) for one in settings.billing_scopes]
        billing = wanted or await _billing_accounts(live, entered, refused)
        answering = [scope for scope in billing if await _answers(live, scope, refused)]
        if answering:
            return Scopes(tuple(answering), tuple(refused))
    if settings.management_groups:
        named = [
            Scope(id=f"providers/Microsoft.Management/managementGroups/{group}", tenant=tenant)
            for tenant in entered
            for group in settings.management_groups
        ]
        answering = [scope for scope in named if await _answers(live, scope, refused)]
        if len({scope.id for scope in answering}) == len(settings.management_groups):
            return Scopes(tuple(answering), ())
    seen, unread = await organisation.seen()
    single = tuple(Scope(id=f"subscriptions/{one.number}", tenant=one.tenant) for one in seen)
    return Scopes(single, (*refused, *unread))


async def _billing_accounts(live: Live, entered: tuple[str, ...], refused: list[Gap]) -> list[Scope]:
    """Every billing account that a tenant shows us, once."""
    found: dict[str, Scope] = {}
    for tenant in entered:
        try:
            for one in await off_loop(live.items, "billing", "billing_accounts.list", tenant):
                scope = str(one.id).strip("/")
                found.setdefault(scope.lower(), Scope(id=scope, tenant=tenant))
        except FinOpsError as error:
            refused.append(gap_of(f"billing accounts of tenant {tenant}", error))
    return list(found.values())


async def _answers(live: Live, scope: Scope, refused: list[Gap]) -> bool:
    """Whether Cost Management lets us read there: its exports are listed, which uses no quota."""
    try:
        await live.ask("costmanagement", "exports.list", scope.tenant, scope.id, on=scope.id)
    except FinOpsError as error:
        refused.append(gap_of(f"{scope.kind} {scope.id}", error))
        return False
    return True
