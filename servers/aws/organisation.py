"""The account tree of each payer's organisation, read once in hours: accounts, where they stand, their tags."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import anyio
from pydantic import TypeAdapter

from servers.aws.live import Live
from servers.kit.live.threads import off_loop
from servers.kit.ports import Slice
from shared_models.coverage import Freshness, Gap, SourceState
from shared_models.errors import FinOpsError
from shared_models.organisation import SubAccount
from shared_models.untrusted import safe_text

FRESH_FOR: Final = timedelta(hours=6)
_ACCOUNTS: Final = TypeAdapter(tuple[SubAccount, ...])
Path = tuple[str, ...]


class LiveOrganisation:
    """Pages through the accounts of all payers; a payer that refuses is a gap."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self.freshness: tuple[Freshness, ...] = ()

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[SubAccount]:
        """Accounts that meet the conditions, by their id.

        Raises:
            FinOpsError: no payer's organisation can be read.

        """
        accounts, gaps = await self.accounts()
        given = {name: value for name, value in conditions.items() if value is not None}
        fitting = [one for one in accounts if all(getattr(one, name) == value for name, value in given.items())]
        shown = fitting[offset : offset + limit]
        tagged: dict[str, SubAccount] = {}

        async def tag(account: SubAccount) -> None:
            try:
                tagged[account.sub_account_id] = await self._tagged(account)
            except FinOpsError as error:
                untagged[account.billing_account_id] = error

        untagged: dict[str, FinOpsError] = {}
        async with anyio.create_task_group() as group:
            for account in shown:
                group.start_soon(tag, account)
        items = tuple(tagged.get(account.sub_account_id, account) for account in shown)
        return Slice(items, len(fitting), (*gaps, *map(_gap, untagged.items())))

    async def accounts(self) -> tuple[tuple[SubAccount, ...], tuple[Gap, ...]]:
        """Every account of every payer, and the payers that could not be read.

        Raises:
            FinOpsError: no payer's organisation can be read.

        """
        found: list[SubAccount] = []
        problems: list[tuple[str, FinOpsError]] = []
        freshness: list[Freshness] = []
        payers = await off_loop(self._live.sessions.payers)
        for payer in payers:
            try:
                kept = await self._live.answers.get(f"organisation {payer}", FRESH_FOR, lambda p=payer: self._ask(p))
            except FinOpsError as error:
                problems.append((payer, error))
                continue
            found += _ACCOUNTS.validate_json(kept.body)
            freshness.append(Freshness(source="aws", fetched_at=kept.fetched_at, origin=f"Organizations of {payer}"))
        if problems and len(problems) == len(payers):
            raise problems[0][1]
        self.freshness = tuple(freshness)
        return tuple(sorted(found, key=lambda one: one.sub_account_id)), tuple(map(_gap, problems))

    async def _ask(self, payer: str) -> str:
        return _ACCOUNTS.dump_json(await off_loop(self._read, payer)).decode()

    def _read(self, payer: str) -> tuple[SubAccount, ...]:
        """The tree from its roots: for each place its accounts, then the places below; blocking."""
        roots = self._every(payer, "list_roots", "Roots")
        places: list[tuple[str, Path]] = [(root["Id"], (safe_text(root["Name"]),)) for root in roots]
        found: list[SubAccount] = []
        while places:
            place, path = places.pop()
            units = self._every(payer, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=place)
            places += [(unit["Id"], (*path, safe_text(unit["Name"]))) for unit in units]
            accounts = self._every(payer, "list_accounts_for_parent", "Accounts", ParentId=place)
            found += [_account(payer, account, path) for account in accounts]
        return tuple(found)

    async def _tagged(self, account: SubAccount) -> SubAccount:
        """The account with its tags: one request each, which is why only a page's accounts are asked for."""
        payer, number = account.billing_account_id, account.sub_account_id

        async def ask() -> str:
            tags = await off_loop(self._every, payer, "list_tags_for_resource", "Tags", ResourceId=number)
            return json.dumps({safe_text(tag["Key"]): safe_text(tag["Value"]) for tag in tags})

        kept = await self._live.answers.get(f"tags of account {number}", FRESH_FOR, ask)
        return account.model_copy(update={"tags": json.loads(kept.body)})

    def _every(self, payer: str, operation: str, name: str, **arguments: Any) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        token: str | None = None
        while True:
            paging = {"NextToken": token} if token else {}
            page = self._live.asked("organizations", operation, payer, {**arguments, **paging})
            found += page[name]
            token = page.get("NextToken")
            if not token:
                return found


def _account(payer: str, said: Mapping[str, Any], path: Path) -> SubAccount:
    return SubAccount(
        provider="aws",
        billing_account_id=payer,
        sub_account_id=said["Id"],
        sub_account_name=safe_text(said["Name"]),
        sub_account_type="Account",
        path=path,
        valid_from=said.get("JoinedTimestamp"),
    )


def _gap(problem: tuple[str, FinOpsError]) -> Gap:
    payer, error = problem
    message = f"the organisation of {payer}: {error.message}"
    return Gap(source="aws", state=SourceState.PARTIAL, code=error.code, message=message, hint=error.hint)
