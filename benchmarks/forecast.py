"""Accuracy and time of forecasts on public series, by an outside scorer, against simple methods in the same run.

python -m benchmarks.forecast FOLDER [light]   FOLDER holds series.parquet (dataset, series_id, t, y, is_test, season,
mase_m, horizon) and eval_forecast.py, which scores a Parquet file of forecasts.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import duckdb

from orchestrator.analyses.forecast.ensemble import forecast
from orchestrator.analyses.forecast.projection import Band, Cadence, Projection

_WEEK: Final = 7
_COLUMNS: Final = "series_id VARCHAR, t BIGINT, mean DOUBLE, lo80 DOUBLE, hi80 DOUBLE, lo95 DOUBLE, hi95 DOUBLE"
Method = Callable[[Sequence[float], int, int, Cadence], Projection]


def run(folder: Path, *, light: bool = False) -> None:
    """Print the scorer's table of each method, and the CPU time of ours on 365 daily points."""
    with duckdb.connect() as connection:
        series = connection.execute(
            "SELECT series_id, any_value(season), any_value(horizon), list(y ORDER BY t) FILTER (NOT is_test),"
            " list(t ORDER BY t) FILTER (is_test), any_value(dataset) FROM read_parquet(?) GROUP BY ALL ORDER BY 1",
            [str(folder / "series.parquet")],
        ).fetchall()
    daily = [row for row in series if _cadence(row[5]) is Cadence.DAY]
    started = time.process_time()
    for row in daily[:20]:
        forecast(row[3][-365:], 30, Cadence.DAY, _WEEK, light=light)
    print(f"365 daily points, both intervals: {(time.process_time() - started) / 20:.3f} CPU s a series")
    methods: dict[str, Method] = {
        "ours": lambda y, h, m, c: forecast(y, h, c, m, light=light),
        "seasonal naive": lambda y, h, m, _c: _bare([y[len(y) - m + n % m] for n in range(h)]),
        "run rate (mean of the last 30 points)": lambda y, h, _m, _c: _bare([sum(y[-30:]) / len(y[-30:])] * h),
        "linear trend": lambda y, h, _m, _c: _bare(_trend(y, h)),
    }
    for name, method in methods.items():
        with tempfile.TemporaryDirectory() as out:
            file = Path(out) / "forecasts.parquet"
            _write(file, [(row, method(row[3], row[2], row[1], _cadence(row[5]))) for row in series])
            print(f"== {name}")
            command = [sys.executable, str(folder / "eval_forecast.py"), str(file), str(folder / "series.parquet")]
            print(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _cadence(dataset: str) -> Cadence:
    """The development sets by name: these hold months, the others days."""
    return Cadence.MONTH if dataset in {"m3m", "tourm", "m4mmisc"} else Cadence.DAY


def _bare(mean: Sequence[float]) -> Projection:
    points = tuple(mean)
    return Projection(points, {80: Band(points, points), 95: Band(points, points)}, ())


def _trend(values: Sequence[float], horizon: int) -> list[float]:
    n = len(values)
    centre, middle = sum(values) / n, (n - 1) / 2
    slope = sum((x - middle) * (y - centre) for x, y in enumerate(values)) / sum((x - middle) ** 2 for x in range(n))
    return [centre + slope * (n + lead - middle) for lead in range(horizon)]


def _write(file: Path, found: Sequence[tuple[tuple[object, ...], Projection]]) -> None:
    rows: list[tuple[object, ...]] = []
    for (identity, _, _, _, positions, _), said in found:
        assert isinstance(positions, list)
        for number, position in enumerate(positions):
            bounds = [edge[number] for level in (80, 95) for edge in (said.bands[level].lower, said.bands[level].upper)]
            rows.append((identity, position, said.mean[number], *bounds))
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE forecasts ({_COLUMNS})")
        connection.executemany("INSERT INTO forecasts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("COPY forecasts TO '" + str(file).replace("'", "''") + "' (FORMAT parquet)")


if __name__ == "__main__":
    run(Path(sys.argv[1]), light="light" in sys.argv[2:])
