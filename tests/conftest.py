"""What every test shares: a clean environment, no network but loopback, and the reference data where it lies."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def reference_data() -> Path:
    """The folder of real bills and official examples beside the checkout; tests that need it skip without it."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "focus").is_dir():
        pytest.skip("no reference data beside this checkout")
    return folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the developer's own environment decides a test, and no test touches a real home."""
    for name in list(os.environ):
        if name.startswith(("SKYLEDGER_", "AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SKYLEDGER_HOME", str(tmp_path / "skyledger-home"))


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Whoever connects, sends or looks up a name beyond the machine is refused, and the test fails at its end too.

    The test fails even if the refusal was swallowed, as an SDK's retries do, or met in another thread.
    """
    left: list[str] = []

    def guard(name: str) -> None:
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, *arguments: object) -> object:
            address = arguments[-1]
            if isinstance(address, tuple) and not _is_here(address[0]):
                left.append(f"{name} {address[0]}")
                raise OSError(errno.ENETUNREACH, f"a test tried to leave the machine: {address[0]}")
            return original(self, *arguments)

        monkeypatch.setattr(socket.socket, name, guarded)

    for name in ("connect", "connect_ex", "sendto"):
        guard(name)
    look_up = socket.getaddrinfo

    def guarded_look_up(host: object, *arguments: object, **named: object) -> object:
        if not _is_here(host):
            left.append(f"getaddrinfo {host}")
            raise socket.gaierror(socket.EAI_NONAME, f"a test asked for a name beyond the machine: {host}")
        return look_up(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield left
    if left:
        pytest.fail(f"the test tried to leave the machine: {', '.join(sorted(set(left)))}")


def _is_here(host: object) -> bool:
    """Whether an address or a name is this machine's own loopback, or no host at all."""
    text = host.decode() if isinstance(host, bytes) else host
    return text in {None, "", "localhost", "::1", "0.0.0.0", "::"} or str(text).startswith("127.")  # noqa: S104
