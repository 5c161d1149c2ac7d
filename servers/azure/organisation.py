"""The subscriptions of all tenants below their management groups, with tags; read once in hours."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from servers.azure.gaps import gap_of
from servers.azure.live import Live
from servers.azure.tenants import tenants
from servers.kit.live.threads import off_loop
from servers.kit.ports import Slice
from shared_models.base import WireModel
from shared_models.coverage import Freshness, Gap
from shared_models.errors import FinOpsError
from shared_models.organisation import SubAccount
from shared_models.untrusted import safe_text

FRESH_FOR: Final = timedelta(hours=6)
NO_ACCOUNT: Final = "none"
"""Stands for the billing account: no API tells it of every subscription that we see."""


class Seen(WireModel):
    """One subscription as its tenant shows it; `groups` are the ids of the management groups above it, root first."""

    number: str
    tenant: str
    enabled: bool
    groups: tuple[str, ...]
    account: SubAccount


_KEPT: Final = TypeAdapter(tuple[tuple[Seen, ...], tuple[Gap, ...]])


class LiveOrganisation:
    """Reads subscriptions and management groups; what refuses is a gap."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self.freshness: tuple[Freshness, ...] = ()

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[SubAccount]:
        """Subscriptions that meet the conditions, by their id.

        Raises:
            FinOpsError: nothing can be read.

        """
        seen, gaps = await self.seen()
        given = {name: value for name, value in conditions.items() if value is not None}
        accounts = sorted((one.account for one in seen), key=lambda account: account.sub_account_id)
        fitting = [one for one in accounts if all(getattr(one, name) == value for name, value in given.items())]
        return Slice(tuple(fitting[offset : offset + limit]), len(fitting), gaps)

    async def seen(self) -> tuple[tuple[Seen, ...], tuple[Gap, ...]]:
        """The subscriptions that the settings leave, of every tenant that we enter, and what could not be read.

        Raises:
            FinOpsError: nothing can be read.

        """
        entered, gaps = await tenants(self._live)

        async def ask() -> str:
            found: list[Seen] = []
            problems: list[tuple[str, FinOpsError]] = []
            untold: list[Gap] = []
            for tenant in entered:
                try:
                    told, unread = await off_loop(_read, self._live, tenant)
                    found += told
                    untold += unread
                except FinOpsError as error:
                    problems.append((tenant, error))
            if problems and len(problems) == len(entered):
                raise problems[0][1]
            left_out = (*untold, *(gap_of(f"subscriptions of tenant {tenant}", error) for tenant, error in problems))
            return _KEPT.dump_json((tuple(found), left_out)).decode()

        kept = await self._live.answers.get(f"subscriptions of {','.join(entered)}", FRESH_FOR, ask)
        self.freshness = (Freshness(source="azure", fetched_at=kept.fetched_at, origin="Resource Manager"),)
        seen, unread = _KEPT.validate_json(kept.body)
        return tuple(one for one in seen if self._wanted(one)), (*gaps, *unread)

    def _wanted(self, one: Seen) -> bool:
        settings = self._live.settings
        if settings.subscriptions and one.number not in settings.subscriptions:
            return False
        groups = {group.lower() for group in settings.management_groups}
        return not groups or any(group.lower() in groups for group in one.groups)


def _read(live: Live, tenant: str) -> tuple[list[Seen], list[Gap]]:
    """One tenant's; blocking. Without the right to read management groups subscriptions stand at its root."""
    gaps: list[Gap] = []
    places: dict[str, tuple[tuple[str, str], ...]] = {}
    try:
        for root in _roots(live, tenant):
            tree = live.asked(
                "managementgroups", "management_groups.get", tenant, root, expand="children", recurse=True
            )
            places |= dict(_below(tree, ((root, str(tree.display_name or root)),)))
    except FinOpsError as error:
        gaps.append(gap_of(f"management groups of tenant {tenant}", error))
    found = live.items("subscriptions", "subscriptions.list", tenant)
    return [_seen(said, tenant, places.get(str(said.subscription_id).lower(), ())) for said in found], gaps


def _roots(live: Live, tenant: str) -> list[str]:
    """The tenant's root group where we may read it, else every group that we see."""
    names = [str(one.name) for one in live.items("managementgroups", "management_groups.list", tenant)]
    return [tenant] if tenant in names else names


def _below(group: Any, path: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """(subscription, (id, name) of every group from the root down to its parent)."""
    for child in group.children or ():
        if _word(child.type).lower() == "/subscriptions":
            yield str(child.name).lower(), path
        else:
            yield from _below(child, (*path, (str(child.name), str(child.display_name or child.name))))


def _seen(said: Any, tenant: str, path: tuple[tuple[str, str], ...]) -> Seen:
    number = str(said.subscription_id).lower()
    state = _word(said.state)
    tags: dict[str, Any] = dict(said.tags or {})
    return Seen(
        number=number,
        tenant=tenant,
        enabled=state.lower() not in {"disabled", "deleted"},
        groups=tuple(name for name, _ in path),
        account=SubAccount(
            provider="azure",
            billing_account_id=NO_ACCOUNT,
            sub_account_id=f"/subscriptions/{number}",
            sub_account_name=safe_text(str(said.display_name or number)),
            sub_account_type="Subscription",
            path=tuple(safe_text(name) for _, name in path),
            tags={safe_text(key): safe_text(str(value)) for key, value in tags.items()},
        ),
    )


def _word(said: Any) -> str:
    """An enumerated value as Azure writes it; one that the SDK does not know is a text already."""
    return str(getattr(said, "value", said) or "")
