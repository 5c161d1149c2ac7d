"""Measure our servers with the public instruments: `python -m tests.conformance install|suite|inspector`."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.conformance.instruments import INSPECTOR, NODE, SUITE, install
from tests.conformance.servers import FIXTURES, OURS, REPOSITORY, serving

REVISIONS: Final = ("2025-11-25", "2026-07-28")
GENERIC: Final = frozenset(
    {
        "server-initialize", "server-session-lifecycle", "ping", "tools-list", "resources-list", "prompts-list",
        "completion-complete", "dns-rebinding-protection", "caching", "http-header-validation",
        "sep-2164-resource-not-found", "server-sse-multiple-streams", "input-required-result-unsupported-methods",
    }
)  # fmt: skip
"""What a server must pass whatever it knows: these scenarios call none of the suite's fixtures."""
_RESULT: Final = re.compile(r"^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$")
_ERAS: Final = ("legacy", "modern")
_RUN_SECONDS: Final = 120


def suite() -> bool:
    """Both revisions' requirements on the server with fixtures, the generic scenarios on the four real ones."""
    good = True
    with tempfile.TemporaryDirectory() as folder, serving((FIXTURES, *OURS), Path(folder)) as servers:
        for revision in REVISIONS:
            for name, url in servers.items():
                met, found = _scenarios(url, revision, Path(folder) / "out" / name / revision)
                judged = found if name == FIXTURES else {k: v for k, v in found.items() if k in GENERIC}
                good = _tell(f"{name} @ {revision}", judged, met=met if name == FIXTURES else None) and good
    return good


def _tell(title: str, judged: Mapping[str, list[str]], *, met: bool | None) -> bool:
    """Print one line; good where the scored requirements are met, or, unscored, where nothing fails."""
    failed = sorted(scenario for scenario, checks in judged.items() if "FAILURE" in checks)
    checks = sum(checks.count("SUCCESS") for checks in judged.values())
    scored = {None: "", True: "scored requirements met; ", False: "scored requirements NOT met; "}[met]
    failing = f"; failing: {', '.join(failed)}" if failed else ""
    print(f"{title}: {scored}{len(judged) - len(failed)} of {len(judged)} scenarios, {checks} checks pass{failing}")
    return met if met is not None else bool(judged) and not failed


def _scenarios(url: str, revision: str, out: Path) -> tuple[bool, Mapping[str, list[str]]]:
    """The suite's own verdict on what it scores, and the checks of every scenario that ran."""
    command = [str(NODE), str(SUITE), "server", "--url", url, "--requirements", revision, "-o", str(out)]
    done = subprocess.run(command, timeout=_RUN_SECONDS, check=False, capture_output=True)
    return done.returncode == 0, dict(_checks(out))


def _checks(out: Path) -> Iterator[tuple[str, list[str]]]:
    for file in sorted(out.glob("*/checks.json")):
        if named := _RESULT.match(file.parent.name):
            yield named[1], [str(check["status"]) for check in json.loads(file.read_text(encoding="utf-8"))]


def inspector() -> bool:
    """The Inspector's strict schema lint of every server's tools, in both eras, on stdio; a warning fails too."""
    good = True
    with tempfile.TemporaryDirectory() as home:
        for name in OURS:
            for era in _ERAS:
                done = subprocess.run(
                    [str(NODE), str(INSPECTOR), "--cli", "-e", f"SKYLEDGER_HOME={home}", sys.executable, "-m", "skyledger",
                     name, "--method", "tools/list", "--strict", "--format", "json", "--protocol-era", era],
                    cwd=REPOSITORY, env={"HOME": home, "PATH": "/usr/bin:/bin"}, timeout=_RUN_SECONDS, check=False,
                    capture_output=True, text=True,
                )  # fmt: skip
                answer = json.loads(done.stdout or "{}")
                tools, findings = answer.get("result", {}).get("tools", []), answer.get("schemaFindings", [])
                good = good and done.returncode == 0 and bool(tools) and not findings
                print(f"{name} ({era}): exit {done.returncode}, {len(tools)} tools, {len(findings)} findings")
                if done.returncode or findings:
                    print(done.stderr[-4000:])
    return good


def main() -> int:
    """Install, then run what was asked for; the exit status."""
    if not install():
        print("The instruments cannot be installed: npm is missing or reaches no registry.", file=sys.stderr)
        return 2
    if sys.argv[1] == "install":
        return 0
    return 0 if {"suite": suite, "inspector": inspector}[sys.argv[1]]() else 1


if __name__ == "__main__":
    sys.exit(main())
