"""Where money was spent lately: the accounts and regions in which anything can be that costs."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from servers.aws.costs import LiveCosts
from servers.aws.data_exports.bills import LiveBills
from servers.aws.live import Live
from shared_models.errors import DataNotReadyError, FinOpsError
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod, month_start
from shared_models.query import CostQuery, CostSource

_MONTHS: Final = 3
_FRESH_FOR: Final = timedelta(hours=24)
_EVERY: Final = 1_000_000
_HARMLESS: Final = frozenset({"starts_late", "ends_early", "missing_months", "export_not_seen"})
"""Gaps of time only: every account is in the rest."""
_REGION: Final = re.compile(r"^[a-z]{2,4}(-[a-z]+)+-\d+$")
Places = Mapping[str, tuple[str, ...]]
"""Account -> regions."""


class Spending:
    """Asks the exported bills, which is free, else Cost Explorer once a day, which costs a request or a few."""

    def __init__(self, live: Live, costs: LiveCosts, bills: LiveBills) -> None:
        self._live = live
        self._costs = costs
        self._bills = bills

    @property
    def since(self) -> str:
        """The first month that is looked at."""
        now = self._live.clock()
        return f"{month_start(now.year, now.month - _MONTHS + 1):%Y-%m}"

    async def places(self) -> Places | None:
        """The regions with charges of each account; null where neither source tells."""
        source = CostSource.AUTO if self._bills.present else CostSource.API
        key = f"places with charges {source.value} {self.since}"
        try:
            kept = await self._live.answers.get(key, _FRESH_FOR, lambda: self._ask(source))
        except FinOpsError:
            return None
        return {account: tuple(regions) for account, regions in json.loads(kept.body).items()}

    async def _ask(self, source: CostSource) -> str:
        now = self._live.clock()
        start, end = month_start(now.year, now.month - _MONTHS + 1), month_start(now.year, now.month + 1)
        query = CostQuery(
            period=ChargePeriod(start=start, end=end),
            metric=CostBasis.EFFECTIVE,
            group_by=("SubAccountId", "RegionId"),
            source=source,
        )
        answer = await self._costs.query(query, offset=0, limit=_EVERY)
        if unknown := [gap for gap in answer.gaps if gap.code not in _HARMLESS]:
            raise DataNotReadyError(unknown[0].message, hint="Every region is asked instead.")
        found: dict[str, set[str]] = defaultdict(set)
        for line in answer.lines:
            account, region = line.keys
            if account and region and _REGION.match(region):
                found[account].add(region)
        return json.dumps({account: sorted(regions) for account, regions in sorted(found.items())})
