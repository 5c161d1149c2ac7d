"""The benchmarks: each prints its ratio against a named baseline measured in the same run.

python -m benchmarks [ROWS]
"""

import sys

from benchmarks import (
    cloud_assets,
    cold_start,
    cost_explorer,
    federation,
    bigquery_export,
    import_rate,
    query_overhead,
    resync,
)

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 400_000

for benchmark in (
    cold_start,
    import_rate,
    query_overhead,
    federation,
    resync,
    cost_explorer,
    bigquery_export,
    cloud_assets,
):
    benchmark.run(ROWS)
