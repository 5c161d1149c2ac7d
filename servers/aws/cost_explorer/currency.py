"""The currency of a payer's Cost Explorer, which some of its answers leave unsaid."""

from datetime import timedelta
from typing import Final

from servers.aws.cost_explorer.pages import question_key, read_through
from servers.aws.live import Live
from servers.kit.live.threads import off_loop
from shared_models.errors import DataNotReadyError
from shared_models.period import month_start

_KEPT_FOR: Final = timedelta(days=30)


async def currency_of(live: Live, payer: str) -> str:
    """The currency of the last closed month; asked for a cent once in 30 days.

    Raises:
        DataNotReadyError: Cost Explorer has no figure of it.
        PurseEmptyError: the day's limit is reached.
        FinOpsError: AWS refused or failed.

    """
    now = live.clock()
    start, end = month_start(now.year, now.month - 1), month_start(now.year, now.month)
    arguments = {
        "TimePeriod": {"Start": f"{start:%Y-%m-%d}", "End": f"{end:%Y-%m-%d}"},
        "Granularity": "MONTHLY",
        "Metrics": ["NetUnblendedCost"],
    }

    async def ask() -> str:
        found = await off_loop(read_through, live, payer, arguments)
        if not found.figures:
            raise DataNotReadyError(
                f"Cost Explorer has no figure of {payer} yet.", hint="It has one a day after the first use."
            )
        return found.figures[0].currency

    return (await live.answers.get(question_key(payer, "currency", {}), _KEPT_FOR, ask)).body
