"""Our own columns beside FOCUS 1.4 in the line-item files: `x_...`, all of them text or true/false.

The physical layout of a line-item file is FOCUS 1.4 CostAndUsage in the specification's order, then these. Types:
String and JSON text are VARCHAR; decimals DECIMAL(30,12); times TIMESTAMP (UTC, without zone, microseconds);
Tags and AllocatedTags MAP(VARCHAR, VARCHAR).
"""

from typing import Final

from shared_models.focus.column import Kind
from shared_models.focus.cost_and_usage import COST_AND_USAGE

OWN_COLUMNS: Final[dict[str, str]] = {
    "x_Provider": "VARCHAR",  # slug under which the bill is filed: aws, azure, gcp, oci, ...
    "x_SourceFormat": "VARCHAR",  # SourceFormat value
    "x_PublisherName": "VARCHAR",  # PublisherName of FOCUS up to 1.3
    "x_ServiceCode": "VARCHAR",  # AWS product code, Azure consumed service, GCP service id
    "x_UsageType": "VARCHAR",  # AWS usage type, Azure meter name, GCP SKU description
    "x_Operation": "VARCHAR",  # AWS operation
    "x_ResourceGroupName": "VARCHAR",  # Azure
    "x_CreditType": "VARCHAR",  # the provider's own name for the kind of credit or discount
    "x_ProForma": "BOOLEAN",  # billed by a reseller or a showback group, not by the provider
    "x_SourceRow": "BIGINT",  # 1-based row in the source file, for the evidence trail
}

MAP_COLUMNS: Final = frozenset({"Tags", "AllocatedTags"})

SQL_TYPE: Final = {
    Kind.STRING: "VARCHAR",
    Kind.JSON: "VARCHAR",
    Kind.DECIMAL: "DECIMAL(30,12)",
    Kind.DATE_TIME: "TIMESTAMP",
}

FACT_COLUMNS: Final[dict[str, str]] = {
    **{
        column.name: "MAP(VARCHAR, VARCHAR)" if column.name in MAP_COLUMNS else SQL_TYPE[column.kind]
        for column in COST_AND_USAGE.columns
    },
    **OWN_COLUMNS,
}
"""Name -> SQL type of every column of a line-item file, in order."""

FACT_ORDER: Final = ("SubAccountId", "ServiceName", "ChargePeriodStart", "ResourceId")
"""How the rows of one file are sorted: zone maps then prune by account, service and time."""
