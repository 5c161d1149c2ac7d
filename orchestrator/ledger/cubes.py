"""Cubes: what a load's facts sum to by day, by month and by resource, in one small immutable DuckDB file per load.

Named and columned like FOCUS, so that a question reads the same from a cube and from the facts. A cube's
ChargePeriodStart is the UTC start of its day or month; sums are DECIMAL(38,12) and equal the facts to the last digit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from orchestrator.ledger.duck import connect, readable
from serving.files import publish, temporary
from shared_models.disk import unavailable
from shared_models.quoting import literal, quoted

DIMENSIONS: Final = (
    "x_Provider",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodStart",
    "SubAccountId",
    "SubAccountName",
    "ServiceProviderName",
    "HostProviderName",
    "InvoiceIssuerName",
    "ServiceCategory",
    "ServiceSubcategory",
    "ServiceName",
    "RegionId",
    "RegionName",
    "ChargeCategory",
    "ChargeClass",
    "ChargeFrequency",
    "PricingCategory",
    "CommitmentDiscountCategory",
    "CommitmentDiscountType",
    "CommitmentDiscountStatus",
    "x_CreditType",
    "x_SourceFormat",
    "x_ProForma",
)
"""Dimensions of the day and the month cube."""

RESOURCE_DIMENSIONS: Final = (*DIMENSIONS, "ResourceId", "ResourceName", "ResourceType", "CommitmentDiscountId", "Tags")
"""Dimensions of the resource cube; Tags are part of its key, for tags change in mid-month."""

METRICS: Final = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")

LINES: Final = "x_Lines"
"""How many line items a cube row stands for."""


@dataclass(frozen=True)
class Grain:
    """One table of a cube file."""

    table: str
    bucket: str
    dimensions: tuple[str, ...]


GRAINS: Final = (
    Grain("month", "month", DIMENSIONS),
    Grain("day", "day", DIMENSIONS),
    Grain("resource", "month", RESOURCE_DIMENSIONS),
)
"""From the smallest to the largest."""


def build_cube(facts: Path, cube: Path) -> None:
    """Make the cube file of one fact file; a file that is there already is kept, for its name is its content.

    Raises:
        LedgerUnavailableError: the disk refused.
        LedgerCorruptError: the facts cannot be read.

    """
    if not cube.exists():
        write_cube(facts, cube)


def write_cube(facts: Path, cube: Path) -> None:
    """Make the cube file of one fact file, in the place of any that is there.

    Raises:
        LedgerUnavailableError: the disk refused.
        LedgerCorruptError: the facts cannot be read.

    """
    try:
        with temporary(cube) as beside:
            try:
                with connect() as connection, readable(cube.name):
                    connection.execute(f"ATTACH {literal(str(beside))} AS cube")
                    fill_cube(connection, "cube", facts)
                    connection.execute("DETACH cube")
            finally:
                beside.with_name(f"{beside.name}.wal").unlink(missing_ok=True)
            publish(beside, cube)
    except OSError as error:
        raise unavailable(error, cube.name) from error


def fill_cube(connection: duckdb.DuckDBPyConnection, alias: str, facts: Path) -> None:
    """Make the tables of a cube in an attached database."""
    for grain in GRAINS:
        connection.execute(_statement(grain, facts, alias))


def is_whole(cube: Path) -> bool:
    """Whether a cube file can be read to its end."""
    if not cube.is_file():
        return False
    try:
        with connect() as connection:
            connection.execute(f"ATTACH {literal(str(cube))} AS cube (READ_ONLY)")
            for grain in GRAINS:
                connection.execute(f"SELECT bit_xor(hash(line)) FROM cube.{grain.table} AS line").fetchone()
    except duckdb.Error:
        return False
    return True


def cube_totals(connection: duckdb.DuckDBPyConnection, alias: str) -> Iterable[tuple[object, ...]]:
    """(currency, lines, four sums) of an attached cube, for the check against the control totals."""
    sums = ", ".join(f"sum({metric})" for metric in METRICS)
    return connection.execute(
        f"SELECT BillingCurrency, sum({LINES}), {sums} FROM {quoted(alias)}.month GROUP BY 1 ORDER BY 1"
    ).fetchall()


def _statement(grain: Grain, facts: Path, alias: str) -> str:
    keys = [f"date_trunc('{grain.bucket}', ChargePeriodStart) AS ChargePeriodStart", *map(quoted, grain.dimensions)]
    sums = [f"sum({metric}) AS {metric}" for metric in METRICS]
    group = ", ".join(str(position) for position in range(1, len(keys) + 1))
    order = "SubAccountId, ServiceName, ChargePeriodStart"
    columns = f"{', '.join(keys)}, {', '.join(sums)}, count(*) AS {LINES}"
    return (
        f"CREATE TABLE {quoted(alias)}.{grain.table} AS SELECT {columns}"
        f" FROM read_parquet({literal(str(facts))}) GROUP BY {group} ORDER BY {order}"
    )
