"""Which accounts are looked at, and the gaps for those that are not: no answer passes one payer for the company."""

from collections.abc import Sequence

from servers.aws.inventory.scan import Scope
from servers.aws.live import Live
from servers.aws.organisation import LiveOrganisation
from servers.aws.spending import Places, Spending
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap, SourceState
from shared_models.errors import FinOpsError


class Reach:
    """Our own account, the ones with profiles of their own, and where a role is named every one of the organisation."""

    def __init__(self, live: Live, organisation: LiveOrganisation, spending: Spending) -> None:
        self._live = live
        self._organisation = organisation
        self._spending = spending

    async def scope(self) -> Scope:
        """The accounts that are looked at, and where: in the regions of the settings, else where money was spent.

        Where no source says where that was, or the settings want it, it is every region that an account has enabled.

        Raises:
            FinOpsError: nobody knows who we are.

        """
        caller = await off_loop(self._live.sessions.caller)
        settings = self._live.settings
        organised = await self._organised() if settings.role else ((), ())
        accounts = (caller.account, *sorted(settings.profiles), *organised[0])
        places = None if settings.regions or settings.everywhere else await self._spending.places()
        return Scope(
            accounts=tuple(dict.fromkeys(accounts)),
            regions=settings.regions,
            partition=caller.partition,
            places=None if places is None else _of_known(places, (caller.account, *organised[0])),
        )

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

    async def unasked(self) -> tuple[Gap, ...]:
        """What an answer over the places with charges leaves out, beside what it does not reach."""
        gaps, scope = await self.unreached(), await self.scope()
        if scope.places is None:
            return gaps
        places = dict(scope.places)
        without = sum(1 for regions in places.values() if not regions)
        regions = len({region for own in places.values() for region in own})
        message = (
            f"of {len(places)} accounts only regions with charges since {self._spending.since} were looked at"
            f" ({regions} regions; {without} accounts had no charges), for what has no region each account"
        )
        return (*gaps, _gap("places_without_charges", message, "SKYLEDGER_AWS_PLACES=all looks everywhere."))

    async def _organised(self) -> tuple[tuple[str, ...], tuple[Gap, ...]]:
        """The organisation's open accounts, and what of it cannot be read."""
        try:
            accounts, gaps = await self._organisation.accounts()
        except FinOpsError as error:
            return (), (_gap(error.code, f"the accounts of the organisation: {error.message}", error.hint),)
        return tuple(one.sub_account_id for one in accounts if one.valid_to is None), gaps


def _of_known(places: Places, known: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The places of accounts whose bills we see: of another account nobody knows where it spends."""
    return tuple((account, places.get(account, ())) for account in sorted(set(known)))


_ROLE = "Set SKYLEDGER_AWS_ROLE to the name of a role that every account has."


def _gap(code: str, message: str, hint: str) -> Gap:
    return Gap(source="aws", state=SourceState.PARTIAL, code=code, message=message, hint=hint)
