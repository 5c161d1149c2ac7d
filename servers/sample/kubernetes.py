"""Two clusters of the Japanese payer with costs split by namespace: the splits add up to their node, to the digit.

The bill names the splits of the first cluster instead of its node, and those of the second beside it, as some exports
do: the second cluster's must not count.
"""

from typing import Final

import duckdb

from servers.sample.estates import Estate

NAMESPACES: Final = {
    "orders": (("checkout", "0.375"), ("cart", "0.25"), ("payments", "0.125"), ("__idle__", "0.25")),
    "shared": (("search", "0.4"), ("observability", "0.2"), ("ingress", "0.1"), ("__idle__", "0.3")),
}
REPLACED: Final = "orders"
_AMOUNTS: Final = ("quantity", "list_cost", "contracted_cost", "billed_cost", "effective_cost")


def split_clusters(connection: duckdb.DuckDBPyConnection, estate: Estate) -> None:
    """Add the splits to `charge`, and take the node of the first cluster out of it."""
    values = ", ".join(
        f"('{cluster}', '{namespace}', {share}, {number}, {len(shares)})"
        for cluster, shares in NAMESPACES.items()
        for number, (namespace, share) in enumerate(shares, 1)
    )
    parts = ", ".join(
        f"ROUND({name} * share, {6 if name == 'quantity' else estate.decimals}) AS part_{name}" for name in _AMOUNTS
    )
    amounts = ", ".join(
        f"CASE WHEN number < shares THEN part_{name} ELSE {name} - sum(CASE WHEN number < shares THEN part_{name} END)"
        f" OVER (PARTITION BY line_key, start_at) END AS {name}"
        for name in _AMOUNTS
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE split AS WITH share AS (SELECT * FROM (VALUES {values})"
        " v (cluster, namespace, share, number, shares)), part AS (SELECT c.*, h.*,"
        f" {parts} FROM charge c JOIN line l USING (line_key) JOIN share h ON h.cluster = l.cluster)"
        f" SELECT * REPLACE ({amounts}, cluster = '{REPLACED}' AS counted, 'split' AS origin,"
        " 'eks-split-v1' AS allocated_method, 'arn:aws:eks:' || region_id || ':namespace/' || cluster || '/' ||"
        " namespace AS allocated_id, namespace AS allocated_name,"
        " MAP {'kubernetes-namespace': namespace, 'kubernetes-cluster': cluster} AS allocated_tags)"
        " FROM part ORDER BY line_key, start_at, number"
    )
    connection.execute("DELETE FROM charge WHERE line_key IN (SELECT line_key FROM line WHERE cluster = ?)", [REPLACED])
    columns = ", ".join(row[0] for row in connection.execute("DESCRIBE charge").fetchall())
    connection.execute(f"INSERT INTO charge BY NAME SELECT {columns} FROM split")
