"""What our credentials reach: each account by its role, each permission by a free request."""

import anyio

from servers.aws.live import Live
from servers.aws.organisation import FRESH_FOR, LiveOrganisation
from servers.aws.permissions import NEEDS, Need, tools_that_need
from servers.kit.live.threads import off_loop
from shared_models.base import WireModel
from shared_models.coverage import Gap, SourceState
from shared_models.errors import FinOpsError, InvalidArgumentError, PermissionDeniedError
from shared_models.server_card import Access, MissingPermission

_MOST_TOLD = 20


class Reach(WireModel):
    """How many accounts the role reaches, and the first that it does not."""

    reached: int
    refused: tuple[Gap, ...]


async def access_of(live: Live, organisation: LiveOrganisation) -> Access:
    """Everything that can be told without paying; a failure to look is a gap in it."""
    try:
        caller = await off_loop(live.sessions.caller)
        payers = await off_loop(live.sessions.payers)
    except FinOpsError as error:
        return Access(accounts_refused=(_gap("our own account", error),))
    problems: list[Gap] = []
    async with anyio.create_task_group() as group:
        for payer in payers:
            for need in NEEDS:
                if need.probe is not None:
                    group.start_soon(_try, live, payer, need, problems)
    reach = await _reach(live, organisation)
    return Access(
        partition=caller.partition,
        accounts_reached=reach.reached,
        accounts_refused=(*reach.refused, *problems),
        missing_permissions=tuple(
            MissingPermission(permission=permission, on=where, tools=tools_that_need(permission))
            for permission, where in sorted(live.refused)
        ),
    )


async def _try(live: Live, payer: str, need: Need, problems: list[Gap]) -> None:
    """Ask once; a refused permission is remembered by `live`, what worked is no longer missing."""
    if need.probe is None:
        return
    service, operation, arguments = need.probe
    try:
        await live.ask(service, operation, payer, **arguments)
    except PermissionDeniedError:
        return
    except InvalidArgumentError:
        pass  # AWS checks the permission first: who is told that the arguments are wrong may ask
    except FinOpsError as error:
        problems.append(_gap(f"{need.action} of {payer}", error))
        return
    live.refused.pop((need.action, payer), None)


async def _reach(live: Live, organisation: LiveOrganisation) -> Reach:
    """The accounts of the organisation in which we can be somebody; asked once in hours."""

    async def ask() -> str:
        accounts, gaps = await organisation.accounts()
        refused = list(gaps)
        reached = 0

        async def enter(account: str) -> None:
            nonlocal reached
            try:
                await off_loop(live.sessions.enter, account)
                reached += 1
            except FinOpsError as error:
                refused.append(_gap(account, error))

        async with anyio.create_task_group() as group:
            for account in accounts:
                group.start_soon(enter, account.sub_account_id)
        told = sorted(refused, key=lambda gap: gap.message)
        rest = [] if len(told) <= _MOST_TOLD else [_rest(len(told) - _MOST_TOLD)]
        return Reach(reached=reached, refused=(*told[:_MOST_TOLD], *rest)).model_dump_json()

    if not live.settings.role and not live.settings.profiles:
        return Reach(reached=1, refused=())
    try:
        return Reach.model_validate_json((await live.answers.get("reach", FRESH_FOR, ask)).body)
    except FinOpsError as error:
        return Reach(reached=0, refused=(_gap("the organisation", error),))


def _gap(what: str, error: FinOpsError) -> Gap:
    message = f"{what}: {error.message}"
    return Gap(source="aws", state=SourceState.PARTIAL, code=error.code, message=message, hint=error.hint)


def _rest(number: int) -> Gap:
    return Gap(source="aws", state=SourceState.PARTIAL, code="access_denied", message=f"and {number} more accounts")
