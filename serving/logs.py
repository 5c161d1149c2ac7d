"""Logs: structured, to stderr, without secrets. Stdout belongs to the protocol."""

import logging  # noqa: TID251 - the SDK logs through it
import os
import re
import sys
from collections.abc import MutableMapping
from functools import cache
from typing import Any, Final

_SECRET_NAME: Final = re.compile(
    r"secret|token|password|authorization|signature|credential|(?:api|access|private)_?key", re.IGNORECASE
)
_SECRET_TEXT: Final = re.compile(
    r"(?P<key>AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16})"
    r"|(?P<scheme>(?:Bearer|Basic)\s+[\w.~+/-]+=*)"
    r"|(?P<jwt>eyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"
    r"|(?P<user>(?<=://)[^/@\s]+(?=@))"
    r"|(?P<query>(?<=[?&])(?:sig|X-Amz-Signature|X-Amz-Security-Token|code|\w*token|\w*key|\w*secret)=[^&\s\"']+)"
    r"|(?P<assigned>(?:secret|token|password|authorization|api_?key)\w*[\"']?\s*[=:]\s*[\"']?"
    r"(?:(?:Bearer|Basic|Digest|Token|AWS4-HMAC-SHA256)\s+)?[^\s\"',}]+)",
    re.IGNORECASE,
)
_SHORTEST_SECRET: Final = 8
_MASK: Final = "[redacted]"
_settings: dict[str, int] = {}


def redact(text: str) -> str:
    """The text with what looks like a secret masked, and with what this process's environment holds as one."""
    for value in _environment_secrets():
        text = text.replace(value, _MASK)
    return _SECRET_TEXT.sub(_MASK, text)


def _environment_secrets() -> list[str]:
    return [
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name) and not os.path.isabs(value)  # noqa: PTH117 - text
    ]


def configure_logs(level: int = 30) -> None:
    """Log warnings and worse to stderr: ours as one JSON object a line, the SDK's as plain lines, both redacted."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_RedactedFormatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    structured.cache_clear()
    _settings["level"] = level


@cache
def structured() -> Any:
    """The structured log, set up when the first line is written.

    structlog brings rich, and with it takes as long to load as all of a cloud's own server, which seldom logs anything.
    """
    import structlog  # noqa: PLC0415 - see above

    level = _settings.get("level")
    if level is None:
        return structlog.get_logger("skyledger")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redacted,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    return structlog.get_logger("skyledger")


class _RedactedFormatter(logging.Formatter):
    """Formats a line of the SDK's log, tracebacks included, and masks what looks like a secret."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if _SECRET_NAME.search(name):
            event[name] = _MASK
        elif isinstance(value, str):
            event[name] = redact(value)
    return event
