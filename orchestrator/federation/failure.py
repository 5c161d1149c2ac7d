"""What went wrong with an upstream, as a gap that an answer can show. Never a URL, a command or a token."""

import json
from typing import Any, cast

from mcp.types import CallToolResult, TextContent

from serving.logs import redact
from shared_models.coverage import Gap, SourceState
from shared_models.untrusted import safe_text

_LONGEST = 300


class UpstreamFailure(Exception):  # noqa: N818 - it carries a gap, not an error of ours
    """One upstream did not answer; `gap` says why."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.message)
        self.gap = gap

    @classmethod
    def unavailable(cls, source: str, why: str) -> "UpstreamFailure":
        """The server cannot be reached."""
        return cls(_gap(source, SourceState.UNAVAILABLE, "upstream_unavailable", f"not reached: {why}", "Retry later."))

    @classmethod
    def timeout(cls, source: str, deadline: float) -> "UpstreamFailure":
        """The server did not answer in time."""
        said = f"no answer within {deadline:g} s"
        return cls(_gap(source, SourceState.TIMEOUT, "deadline_exceeded", said, "Retry, or ask for less."))

    @classmethod
    def refused(cls, source: str, code: int) -> "UpstreamFailure":
        """The server answered with an error of the protocol; its text is for its own operator."""
        said = f"the server refused the request (protocol error {code})"
        return cls(_gap(source, SourceState.ERROR, "upstream_error", said, "See the server's log; upgrade both sides."))

    @classmethod
    def malformed(cls, source: str) -> "UpstreamFailure":
        """The server answered something that we cannot read."""
        return cls(
            _gap(source, SourceState.ERROR, "malformed_reply", "the answer cannot be read", "Upgrade both sides.")
        )


def failure_of_result(source: str, result: CallToolResult) -> UpstreamFailure | None:
    """The failure behind a tool error; None for a success."""
    if not result.is_error:
        return None
    text = next((block.text for block in result.content if isinstance(block, TextContent)), "")
    error = _envelope(text)
    code = str(error.get("code", "upstream_error"))
    state = SourceState.NOT_OFFERED if code == "source_not_enabled" else SourceState.ERROR
    message = str(error.get("message", "the server reported an error"))
    return UpstreamFailure(_gap(source, state, code, message, str(error.get("hint", ""))))


def _envelope(text: str) -> dict[str, Any]:
    try:
        error = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return cast("dict[str, Any]", error) if isinstance(error, dict) else {}


def _gap(source: str, state: SourceState, code: str, message: str, hint: str) -> Gap:
    return Gap(
        source=source,
        state=state,
        code=safe_text(code)[:_LONGEST],
        message=safe_text(redact(message))[:_LONGEST],
        hint=safe_text(redact(hint))[:_LONGEST],
    )
