"""Anomalies: the bars A1 to A6 on development data, by its own scorers, against a 30-day z-score and the +40 % rule.

python -m benchmarks.anomalies FOLDER

FOLDER holds daily_cost.parquet, events.csv, rca_leaves.parquet, rca_truth.json and the scorers eval_anomaly.py and
eval_rca.py. The data is not ours to ship.
"""

import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from orchestrator.analyses.anomalies.calendar import Days
from orchestrator.analyses.anomalies.cause import causes
from orchestrator.analyses.anomalies.detector import detect

Floats = npt.NDArray[np.float64]
MANY, DAYS = 10_000, 119
DIMENSIONS = ("service", "account", "region", "usage_type")


def main(folder: Path) -> None:
    """Print all bars."""
    names, first, cost = _series(folder / "daily_cost.parquet")
    begun = time.process_time()
    flags = detect(cost, Days(first)).flags
    spent = time.process_time() - begun
    print(f"A1 to A3: {len(names)} series x {cost.shape[1]} days, detector {spent:.2f} CPU-s (scorer's own words)")
    with np.errstate(invalid="ignore"):
        methods = {"detector": flags, "z-score 30 days, 3": _z_score(cost), "+40 % on 7 days": _forty_percent(cost)}
    for name, found in methods.items():
        print(f"  {name:20} {_scored(folder, names, first, found)}")
    many = np.exp(np.random.default_rng(1).normal(3, 0.1, (MANY, DAYS)))
    begun = time.process_time()
    detect(many, Days(first))
    print(f"A4  {MANY:,} series x {DAYS} days: {time.process_time() - begun:.2f} CPU-s (bar 2)")
    _causes(folder)


def _series(file: Path) -> tuple[list[str], date, Floats]:
    """Names, the first day, and a matrix of series by day."""
    rows = duckdb.execute(
        "SELECT series_id, CAST(date AS DATE) AS day, cost FROM read_parquet(?)", [str(file)]
    ).fetchall()
    first = min(day for _, day, _ in rows)
    length = max((day - first).days for _, day, _ in rows) + 1
    names = list(dict.fromkeys(sorted(name for name, _, _ in rows)))
    at = {name: number for number, name in enumerate(names)}
    cost = np.full((len(names), length), np.nan)
    for name, day, amount in rows:
        cost[at[name], (day - first).days] = float(amount)
    return names, first, cost


def _z_score(cost: Floats) -> npt.NDArray[np.bool_]:
    flags = np.zeros(cost.shape, bool)
    for day in range(30, cost.shape[1]):
        past = cost[:, day - 30 : day]
        flags[:, day] = np.abs(cost[:, day] - past.mean(axis=1)) > 3 * past.std(axis=1)
    return flags


def _forty_percent(cost: Floats) -> npt.NDArray[np.bool_]:
    flags = np.zeros(cost.shape, bool)
    for day in range(7, cost.shape[1]):
        flags[:, day] = cost[:, day] > 1.4 * cost[:, day - 7 : day].mean(axis=1)
    return flags


def _scored(folder: Path, names: list[str], first: date, flags: npt.NDArray[np.bool_]) -> str:
    """What the scorer says of flags."""
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        file = Path(name) / "flags.parquet"
        listed = [(names[row], Days(first).at(int(day)).isoformat()) for row, day in np.argwhere(flags)]
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE flags (series_id VARCHAR, date VARCHAR, flag BOOLEAN)")
            connection.executemany("INSERT INTO flags VALUES (?, ?, true)", listed)
            connection.execute(f"COPY flags TO '{file}' (FORMAT parquet)")
        return _run(folder / "eval_anomaly.py", file, folder / "daily_cost.parquet", folder / "events.csv")


def _causes(folder: Path) -> None:
    rows = duckdb.execute(
        f"SELECT case_id, {', '.join(DIMENSIONS)}, expected, actual FROM read_parquet(?)",
        [str(folder / "rca_leaves.parquet")],
    ).fetchall()
    cases: dict[str, list[tuple[object, ...]]] = {}
    for row in rows:
        cases.setdefault(row[0], []).append(row[1:])
    answers: dict[str, dict[str, str | None]] = {}
    begun = time.process_time()
    for case, leaves in cases.items():
        *dimensions, expected, actual = zip(*leaves, strict=True)
        found = causes(dimensions, np.array(expected, float), np.array(actual, float), nested=((0, 3),))
        answers[case] = {DIMENSIONS[number]: value for number, value in found[0].where} if found else {}
    spent = (time.process_time() - begun) / len(cases)
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        file = Path(name) / "answers.json"
        file.write_text(json.dumps(answers))
        said = _run(folder / "eval_rca.py", file, folder / "rca_leaves.parquet", folder / "rca_truth.json")
    print(f"A5  {said} (bar .90 / .95)")
    print(f"A6  {spent * 1000:.1f} ms a case of {len(rows) / len(cases):.0f} leaves (bar 50)")


def _run(scorer: Path, *arguments: Path) -> str:
    done = subprocess.run([sys.executable, scorer, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
