"""How a cloud's server starts: with nothing loaded that only a question needs."""

import subprocess
import sys

from skyledger.compose import own_command

_LOADED = "import sys; sys.stderr.write(' '.join(n for n in ('duckdb', 'structlog', 'sqlglot') if n in sys.modules))"


def test_a_clouds_server_starts_without_what_only_a_question_needs() -> None:
    [_, option, code, *rest] = own_command("aws")
    ended = subprocess.run(
        [sys.executable, option, f"import atexit; atexit.register(lambda: exec({_LOADED!r})); {code}", *rest],
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr == ""
