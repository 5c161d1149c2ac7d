"""The guard that keeps every test on this machine."""

import socket
import threading

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError


def swallow(call, *arguments) -> None:
    """Call as an SDK would that retries and then says nothing."""
    try:
        call(*arguments)
    except OSError:
        return


def test_leaving_the_machine_is_noticed_although_it_is_swallowed(loopback_only: list[str]) -> None:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        swallow(tcp.connect, ("192.0.2.1", 443))
        swallow(udp.sendto, b"x", ("192.0.2.1", 53))
        swallow(socket.getaddrinfo, "telemetry.example", 443)
        thread = threading.Thread(target=swallow, args=(tcp.connect_ex, ("192.0.2.2", 443)))
        thread.start()
        thread.join()

    assert loopback_only == [
        "connect 192.0.2.1",
        "sendto 192.0.2.1",
        "getaddrinfo telemetry.example",
        "connect_ex 192.0.2.2",
    ]
    loopback_only.clear()


def test_an_sdk_without_a_local_endpoint_reaches_nothing(loopback_only: list[str], monkeypatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA0000000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    once = Config(retries={"mode": "standard", "max_attempts": 1}, region_name="us-east-1")

    with pytest.raises(EndpointConnectionError):
        boto3.Session().client("sts", config=once).get_caller_identity()

    assert set(loopback_only) == {"getaddrinfo sts.us-east-1.amazonaws.com"}
    loopback_only.clear()


def test_the_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
