"""Costs of live Azure: from exported bills for the months that they have, from Query for the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from servers.azure.cost_exports.bills import LiveBills
from servers.azure.cost_query.costs import QueriedCosts
from servers.azure.gaps import gap_of
from servers.azure.live import Live
from servers.azure.organisation import LiveOrganisation
from servers.azure.scopes import Scope, scopes
from servers.kit.exported.costs import ExportedCosts
from servers.kit.live.answered_spans import joined, lacks, merged, months_of, paged
from servers.kit.live.mirror.bills import FRESH_FOR
from servers.kit.live.threads import off_loop
from servers.kit.ports import CostAnswer
from shared_models.coverage import Gap
from shared_models.errors import DataNotReadyError, FinOpsError, ThrottledError
from shared_models.export import ExportPart
from shared_models.period import ChargePeriod, instant_text
from shared_models.query import CostQuery, CostSource

_EVERY_LINE: Final = 1_000_000
_MOST_TOLD: Final = 6


@dataclass(frozen=True)
class Missing:
    """A span of a scope that no exported bill reaches."""

    scope: Scope
    period: ChargePeriod


class LiveCosts:
    """Answers `query_costs`; every answer says which source gave which months."""

    def __init__(self, live: Live, bills: LiveBills, organisation: LiveOrganisation) -> None:
        self._live = live
        self._bills = bills
        self._organisation = organisation
        self._exported = ExportedCosts(bills)
        self._queried = QueriedCosts(live)

    async def query(self, query: CostQuery, *, offset: int, limit: int) -> CostAnswer:
        """Lines in descending amount per currency, totals over all lines, sources, gaps and notes.

        Raises:
            SourceNotEnabledError: no source can answer this; the hint says what can be asked.
            DataNotReadyError: no source has figures of the period.
            FinOpsError: the only source that could answer refused or failed.

        """
        if query.source is CostSource.API:
            found = await scopes(self._live, self._organisation)
            whole = [Missing(scope, query.period) for scope in found.used]
            answer = await self._ask(query, whole, [])
            return paged(replace(answer, gaps=(*answer.gaps, *found.refused)), offset, limit)
        await self._look()
        parts = await off_loop(self._bills.booked)
        missing: list[Missing] = []
        unseen: tuple[Gap, ...] = ()
        if query.source is not CostSource.EXPORT:
            missing, unseen = await self._missing(query.period, parts)
        export = query.model_copy(update={"source": CostSource.AUTO})
        if not missing:
            try:
                told = self._told(await self._exported.query(export, offset=offset, limit=limit), query, parts)
            except DataNotReadyError as error:
                raise self._explained(error) from error
            return replace(told, gaps=(*told.gaps, *unseen))
        answer = await self._mixed(export, parts, missing)
        return paged(replace(answer, gaps=tuple(dict.fromkeys((*answer.gaps, *unseen)))), offset, limit)

    def values(self, column: str) -> list[str]:
        """The values of a column in the exported bills; blocking."""
        return self._exported.values(column)

    async def _mixed(self, query: CostQuery, parts: Sequence[ExportPart], missing: Sequence[Missing]) -> CostAnswer:
        """Exported months and queried ones together; what cannot be queried is a gap."""
        before: list[CostAnswer] = []
        try:
            exported = await self._exported.query(query, offset=0, limit=_EVERY_LINE)
            # What the bills lack of the period is queried.
            before.append(self._told(replace(exported, gaps=()), query, parts))
        except DataNotReadyError:
            pass
        answer = await self._ask(query, missing, before)
        return replace(answer, gaps=(*answer.gaps, *self._bills.gaps))

    async def _ask(self, query: CostQuery, missing: Sequence[Missing], before: Sequence[CostAnswer]) -> CostAnswer:
        """All spans together with the answers before; a scope that refuses is a gap, a quota that ends stops asking.

        Raises:
            FinOpsError: nothing answered.

        """
        answers = list(before)
        refused: dict[str, list[tuple[str, FinOpsError]]] = {}
        throttled: FinOpsError | None = None
        for one in missing:
            told = f"{one.scope.id} from {instant_text(one.period.start)} to {instant_text(one.period.end)}"
            error = throttled
            if error is None:
                try:
                    asked = query.model_copy(update={"period": one.period})
                    answers.append(await self._queried.query(asked, one.scope))
                except FinOpsError as problem:
                    error = problem
                    throttled = problem if isinstance(problem, ThrottledError) else None
            if error is not None:
                refused.setdefault(error.code, []).append((told, error))
        if not answers:
            first = next(iter(refused.values()), None)
            if first is None:
                raise DataNotReadyError("Azure shows us no subscription.", hint="See `skyledger doctor azure`.")
            raise first[0][1]
        gaps = tuple(gap_of(_named([told for told, _ in same]), same[0][1]) for same in refused.values())
        together = merged(answers)
        return replace(together, gaps=(*together.gaps, *gaps))

    async def _look(self) -> None:
        """Look for new deliveries now and then; where Azure cannot be asked, what is mirrored still answers."""
        try:
            await self._bills.look(FRESH_FOR)
        except FinOpsError as error:
            if self._live.settings.export_locations:
                raise
            self._bills.gaps = (gap_of("cost exports", error),)

    async def _missing(
        self, period: ChargePeriod, parts: Sequence[ExportPart]
    ) -> tuple[list[Missing], tuple[Gap, ...]]:
        """The spans of each scope that no exported bill reaches, and what of the scopes could not be seen."""
        try:
            found = await scopes(self._live, self._organisation)
        except FinOpsError as error:
            if not parts:
                raise
            return [], (gap_of("the scopes of bills", error),)  # what is mirrored still answers
        now = self._live.clock()
        spans: list[Missing] = []
        for scope in found.used:
            for payer in self._payers(scope, parts):
                own = [part for part in parts if _is_of(part, payer)]
                known = {(part.billing_period_start.year, part.billing_period_start.month) for part in own}
                reach = max((part.charge_period_max for part in own), default=None)
                without = [month for month in months_of(period) if lacks(month, known, reach) and month.start < now]
                spans += [Missing(payer, span) for span in joined(without)]
        return spans, found.refused

    def _payers(self, scope: Scope, parts: Sequence[ExportPart]) -> tuple[Scope, ...]:
        """A billing account as a whole where it has no bill at all, else profile by profile: each has its own bill."""
        profiles = self._bills.profiles.get(scope.id, ())
        return profiles if profiles and any(_is_of(part, scope) for part in parts) else (scope,)

    def _explained(self, error: DataNotReadyError) -> DataNotReadyError:
        """The same with what is wrong with the exports, which may be why there is nothing."""
        wrong = " ".join(f"{gap.message}." for gap in self._bills.gaps)
        return DataNotReadyError(str(error), hint=f"{wrong} {error.hint}".strip())

    def _told(self, answer: CostAnswer, query: CostQuery, parts: Sequence[ExportPart]) -> CostAnswer:
        """The exported answer with its sources, and how far it reaches where the question reaches further."""
        reach = max((part.charge_period_max for part in parts), default=None)
        late = reach is not None and reach < min(query.period.end, self._live.clock())
        note = f"exported bills reach to {instant_text(reach)}; source=api has later figures" if late and reach else ""
        return replace(
            answer,
            freshness=self._bills.freshness(),
            gaps=(*answer.gaps, *self._bills.gaps),
            notes=(*answer.notes, *([note] if note else [])),
        )


def _is_of(part: ExportPart, scope: Scope) -> bool:
    """Whether a part of a bill is a scope's: the account's or its profile's, the subscription's, any of a group's."""
    own, kind = f"/{scope.id}".lower(), scope.kind
    if kind == "subscription":
        return own in {account.lower() for account in part.sub_account_ids}
    if kind == "management group":
        return True
    payer = part.billing_account_id.lower()
    return payer == own or payer.startswith(f"{own}/") or payer == own.rpartition("/")[2]


def _named(told: Sequence[str]) -> str:
    shown = ", ".join(told[:_MOST_TOLD])
    return shown if len(told) <= _MOST_TOLD else f"{shown} and {len(told) - _MOST_TOLD} more"
