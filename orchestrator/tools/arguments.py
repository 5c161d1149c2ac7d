"""Arguments that several tools share, described once."""

from typing import Annotated

from pydantic import Field

from shared_models.query import CostFilter

Start = Annotated[str | None, Field(description="First day YYYY-MM-DD (UTC)")]
End = Annotated[str | None, Field(description="Day after the last, YYYY-MM-DD")]
Period = Annotated[str | None, Field(description="Instead: 2026-10, 2026-Q3, 2026, FY27, FY27-Q1, FY27-P05")]
GroupBy = Annotated[
    list[str] | None,
    Field(description="FOCUS columns (x_Provider is the cloud), tags.<key>, or business dimensions such as team"),
]
Filters = Annotated[
    list[CostFilter] | None,
    Field(description='Joined by AND, e.g. {"column":"x_Provider","operator":"in","values":["aws"]}'),
]
Spend = Annotated[
    str | None,
    Field(description="Named spend: total (default), without_tax, without_credits, ... or one from configuration"),
]
AsOf = Annotated[str | None, Field(description="As booked at this time instead of as it is now")]
Cursor = Annotated[str | None, Field(description="next_cursor of the page before")]
