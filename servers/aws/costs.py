"""Costs of live AWS: from exported bills for the months that they have, from Cost Explorer for the others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from servers.aws.cost_explorer.costs import CostExplorerCosts
from servers.aws.cost_explorer.question import PAYER
from servers.aws.data_exports.bills import FRESH_FOR, LiveBills
from servers.aws.live import Live
from servers.kit.exported.costs import ExportedCosts
from servers.kit.live.answered_spans import joined, lacks, merged, months_of, paged
from servers.kit.live.threads import off_loop
from servers.kit.ports import CostAnswer
from shared_models.coverage import Gap, SourceState
from shared_models.errors import DataNotReadyError, FinOpsError
from shared_models.export import ExportPart
from shared_models.period import ChargePeriod, instant_text
from shared_models.query import CostQuery, CostSource

_EVERY_LINE: Final = 1_000_000
_ACCOUNT: Final = "SubAccountId"
_OF_NO_ACCOUNT: Final = "charges of no account, such as a bill's tax, stand under the payer, as in Cost Explorer"


class LiveCosts:
    """Answers `query_costs`; every answer says which source gave which months."""

    def __init__(self, live: Live, bills: LiveBills) -> None:
        self._live = live
        self._bills = bills
        self._exported = ExportedCosts(bills, where_null={_ACCOUNT: PAYER})
        self._explorer = CostExplorerCosts(live)

    async def query(self, query: CostQuery, *, offset: int, limit: int) -> CostAnswer:
        """Lines in descending amount per currency, totals over all lines, sources, gaps and notes.

        Raises:
            SourceNotEnabledError: no source can answer this; the hint says what can be asked.
            DataNotReadyError: no source has figures of the period.
            FinOpsError: the only source that could answer refused or failed.

        """
        if query.source is CostSource.API:
            return paged(
                merged([await self._explore(query, payer, query.period) for payer in await self._payers()]),
                offset,
                limit,
            )
        await self._look()
        parts = await off_loop(self._bills.booked)
        missing = [] if query.source is CostSource.EXPORT else await self._missing(query.period, parts)
        export = query.model_copy(update={"source": CostSource.AUTO})
        if not missing:
            try:
                answer = await self._exported.query(export, offset=offset, limit=limit)
            except DataNotReadyError as error:
                raise self._explained(error) from error
            return self._told(answer, query, parts)
        return paged(await self._mixed(export, parts, missing), offset, limit)

    def values(self, column: str) -> list[str]:
        """The values of a column in the exported bills; blocking."""
        return self._exported.values(column)

    async def _mixed(
        self, query: CostQuery, parts: Sequence[ExportPart], missing: Sequence[tuple[str, ChargePeriod]]
    ) -> CostAnswer:
        """Exported months and Cost Explorer's together; what the latter cannot give is a gap."""
        answers: list[CostAnswer] = []
        gaps: list[Gap] = []
        problem: FinOpsError | None = None
        try:
            exported = await self._exported.query(query, offset=0, limit=_EVERY_LINE)
            # What the bills lack of the period is asked of Cost Explorer below.
            answers.append(self._told(replace(exported, gaps=()), query, parts))
        except DataNotReadyError as error:
            problem = error
        for payer, period in missing:
            try:
                answers.append(await self._explore(query, payer, period))
            except FinOpsError as error:
                problem = error
                gaps.append(_gap(payer, period, error))
        if not answers and problem is not None:
            raise problem
        together = merged(answers)
        return replace(together, gaps=tuple(dict.fromkeys((*together.gaps, *self._bills.gaps, *gaps))))

    async def _explore(self, query: CostQuery, payer: str, period: ChargePeriod) -> CostAnswer:
        asked = query.model_copy(update={"period": period})
        answer = await self._explorer.query(asked, payer)
        span = f"{instant_text(period.start)} to {instant_text(period.end)}"
        return replace(answer, notes=tuple(f"{payer}, {span}: {note}" for note in answer.notes))

    def _explained(self, error: DataNotReadyError) -> DataNotReadyError:
        """The same with what is wrong with the exports, which may be why there is nothing."""
        wrong = " ".join(f"{gap.message}." for gap in self._bills.gaps)
        return DataNotReadyError(str(error), hint=f"{wrong} {error.hint}".strip())

    async def _look(self) -> None:
        """Look for new deliveries now and then; where AWS cannot be asked, what is mirrored still answers."""
        try:
            await off_loop(self._bills.refresh, FRESH_FOR)
        except FinOpsError as error:
            if self._live.settings.export_locations:
                raise
            self._bills.gaps = (_problem("Data Exports", error),)

    async def _payers(self) -> tuple[str, ...]:
        return await off_loop(self._live.sessions.payers)

    async def _missing(self, period: ChargePeriod, parts: Sequence[ExportPart]) -> list[tuple[str, ChargePeriod]]:
        """The spans of each payer that no exported bill reaches."""
        billed = {part.billing_account_id for part in parts}
        payers = self._live.settings.payers or tuple(sorted(billed)) or await self._payers()
        now = self._live.clock()
        spans: list[tuple[str, ChargePeriod]] = []
        for payer in payers:
            own = [part for part in parts if part.billing_account_id == payer]
            known = {(part.billing_period_start.year, part.billing_period_start.month) for part in own}
            reach = max((part.charge_period_max for part in own), default=None)
            without = [month for month in months_of(period) if lacks(month, known, reach) and month.start < now]
            spans += [(payer, span) for span in joined(without)]
        return spans

    def _told(self, answer: CostAnswer, query: CostQuery, parts: Sequence[ExportPart]) -> CostAnswer:
        """The exported answer with its sources, and how far it reaches where the question reaches further."""
        reach = max((part.charge_period_max for part in parts), default=None)
        end = min(query.period.end, self._live.clock())
        late = reach is not None and reach < end
        columns = {*query.group_by, *(one.column for one in query.filters)}
        account = [_OF_NO_ACCOUNT] if _ACCOUNT in columns else []
        note = f"exported bills reach to {instant_text(reach)}; source=api has later figures" if late and reach else ""
        return replace(
            answer,
            freshness=self._bills.freshness(),
            gaps=(*answer.gaps, *self._bills.gaps),
            notes=(*answer.notes, *account, *([note] if note else [])),
        )


def _gap(payer: str, period: ChargePeriod, error: FinOpsError) -> Gap:
    return _problem(f"{payer} from {instant_text(period.start)} to {instant_text(period.end)}", error)


def _problem(what: str, error: FinOpsError) -> Gap:
    return Gap(
        source="aws", state=SourceState.PARTIAL, code=error.code, message=f"{what}: {error.message}", hint=error.hint
    )
