"""Costs of live Google Cloud: from mirrored bills for the months that they have, by queries for the others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from servers.gcp.billing_exports.bills import LiveBills
from servers.gcp.billing_queries.costs import QueriedCosts
from servers.gcp.gaps import gap_of
from servers.gcp.live import Live
from servers.kit.exported.costs import ExportedCosts
from servers.kit.live.answered_spans import joined, lacks, merged, months_of, paged
from servers.kit.live.threads import off_loop
from servers.kit.ports import CostAnswer
from shared_models.coverage import Gap
from shared_models.errors import DataNotReadyError, FinOpsError
from shared_models.export import ExportPart
from shared_models.period import ChargePeriod, instant_text
from shared_models.query import CostQuery, CostSource

_EVERY_LINE: Final = 1_000_000


class LiveCosts:
    """Answers `query_costs`; a question never reads a whole export: that is what a sync does."""

    def __init__(self, live: Live, bills: LiveBills, queried: QueriedCosts) -> None:
        self._live = live
        self._bills = bills
        self._exported = ExportedCosts(bills)
        self._queried = queried

    async def query(self, query: CostQuery, *, offset: int, limit: int) -> CostAnswer:
        """Lines in descending amount per currency, totals over all lines, sources, gaps and notes.

        Raises:
            SourceNotEnabledError: no source can answer this; the hint says what can be asked.
            DataNotReadyError: no source has figures of the period.
            PurseEmptyError: only a query could answer, and today's limits do not allow it.
            FinOpsError: the only source that could answer refused or failed.

        """
        if query.source is CostSource.API:
            return paged(await self._queried.query(query), offset, limit)
        parts = await off_loop(self._bills.booked)
        missing = [] if query.source is CostSource.EXPORT else await self._missing(query.period, parts)
        export = query.model_copy(update={"source": CostSource.AUTO})
        if not missing:
            return self._told(await self._exported.query(export, offset=offset, limit=limit), query, parts)
        return paged(await self._mixed(export, parts, missing), offset, limit)

    def values(self, column: str) -> list[str]:
        """The values of a column in the mirrored bills; blocking."""
        return self._exported.values(column)

    async def _mixed(
        self, query: CostQuery, parts: Sequence[ExportPart], missing: Sequence[tuple[str | None, ChargePeriod]]
    ) -> CostAnswer:
        """Mirrored months and queried ones together; what cannot be queried is a gap."""
        answers: list[CostAnswer] = []
        gaps: list[Gap] = []
        problem: FinOpsError | None = None
        try:
            exported = await self._exported.query(query, offset=0, limit=_EVERY_LINE)
            # What the bills lack of the period is queried below.
            answers.append(self._told(replace(exported, gaps=()), query, parts))
        except DataNotReadyError as error:
            problem = error
        for account, period in missing:
            span = f"{account or 'every account'} from {instant_text(period.start)} to {instant_text(period.end)}"
            try:
                answer = await self._queried.query(query.model_copy(update={"period": period}), account)
                answers.append(replace(answer, notes=tuple(f"{span}: {note}" for note in answer.notes)))
            except FinOpsError as error:
                problem = error
                gaps.append(gap_of(span, error))
        if not answers and problem is not None:
            raise problem
        together = merged(answers)
        return replace(together, gaps=tuple(dict.fromkeys((*together.gaps, *gaps))))

    async def _missing(
        self, period: ChargePeriod, parts: Sequence[ExportPart]
    ) -> list[tuple[str | None, ChargePeriod]]:
        """The spans of each billing account that no mirrored bill reaches."""
        try:
            accounts = await off_loop(self._queried.accounts)
        except FinOpsError:
            if not parts:
                raise
            return []  # what is mirrored still answers, and says how far it reaches
        if not accounts and not parts:
            return [(None, period)]  # a view tells no account
        now = self._live.clock()
        mirrored = self._bills.mirrored()
        spans: list[tuple[str | None, ChargePeriod]] = []
        for account in accounts:
            keys = {one.state.source_key for one in mirrored if one.state.table.billing_account_id == account}
            # An export has its sub-accounts' rows too, under their own ids.
            own = [part for part in parts if part.source_key in keys or part.billing_account_id == account]
            known = {(part.billing_period_start.year, part.billing_period_start.month) for part in own}
            reach = max((part.charge_period_max for part in own), default=None)
            without = [month for month in months_of(period) if lacks(month, known, reach) and month.start < now]
            spans += [(account, span) for span in joined(without)]
        return spans

    def _told(self, answer: CostAnswer, query: CostQuery, parts: Sequence[ExportPart]) -> CostAnswer:
        """The mirrored answer with its sources, and what was read when where the question reaches further."""
        read = max((one.state.read_at for one in self._bills.mirrored()), default=None)
        late = read is not None and read < min(query.period.end, self._live.clock())
        note = (
            f"the exports were read {instant_text(read)}; a sync or source=api has later figures"
            if late and read
            else ""
        )
        return replace(
            answer,
            freshness=self._bills.freshness(),
            gaps=(*answer.gaps, *self._bills.gaps),
            notes=(*answer.notes, *([note] if note else [])),
        )
