"""Which accounts are looked at, and the gaps for those that are not: no answer passes one payer for the company."""

from servers.aws.inventory.scan import Scope
from servers.aws.live import Live
from servers.aws.organisation import LiveOrganisation
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap, SourceState
from shared_models.errors import FinOpsError


class Reach:
    """Our own account, the ones with profiles of their own, and where a role is named every one of the organisation."""

    def __init__(self, live: Live, organisation: LiveOrganisation) -> None:
        self._live = live
        self._organisation = organisation

    async def scope(self) -> Scope:
        """The accounts that are looked at; each one's enabled regions where the settings name none.

        Raises:
            FinOpsError: nobody knows who we are.

        """
        caller = await off_loop(self._live.sessions.caller)
        settings = self._live.settings
        organised = await self._organised() if settings.role else ((), ())
        accounts = (caller.account, *sorted(settings.profiles), *organised[0])
        return Scope(tuple(dict.fromkeys(accounts)), settings.regions, caller.partition)

    async def unreached(self) -> tuple[Gap, ...]:
        """What an answer over the scope leaves out."""
        accounts, gaps = await self._organised()
        if self._live.settings.role:
            return gaps
        looked_at = (await self.scope()).accounts
        others = [account for account in accounts if account not in looked_at]
        if not others:
            return ()
        return (_gap("not_reached", f"{len(others)} more accounts of the organisation were not looked at", _ROLE),)

    async def _organised(self) -> tuple[tuple[str, ...], tuple[Gap, ...]]:
        """The organisation's open accounts, and what of it cannot be read."""
        try:
            accounts, gaps = await self._organisation.accounts()
        except FinOpsError as error:
            return (), (_gap(error.code, f"the accounts of the organisation: {error.message}", error.hint),)
        return tuple(one.sub_account_id for one in accounts if one.valid_to is None), gaps


_ROLE = "Set SKYLEDGER_AWS_ROLE to the name of a role that every account has."


def _gap(code: str, message: str, hint: str) -> Gap:
    return Gap(source="aws", state=SourceState.PARTIAL, code=code, message=message, hint=hint)
