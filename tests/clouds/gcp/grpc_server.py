"""gRPC under the endpoint: every method of the contract, over TLS, and in the clear for clients without credentials."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc

from tests.clouds.gcp import dispatch
from tests.clouds.gcp.certificate import Certificate
from tests.clouds.gcp.contract import Method, by_path
from tests.clouds.gcp.errors import GoogleError
from tests.clouds.gcp.transcoding import plain

if TYPE_CHECKING:
    from tests.clouds.gcp.endpoint import Endpoint


def serve(endpoint: "Endpoint", certificate: Certificate) -> tuple[grpc.Server, int, int]:
    """A started server with its two ports: over TLS, and in the clear."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((_Handlers(endpoint),))
    tls = grpc.ssl_server_credentials([(certificate.key, certificate.authority)])
    secure = server.add_secure_port("127.0.0.1:0", tls)
    clear = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, secure, clear


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, endpoint: "Endpoint") -> None:
        self._endpoint = endpoint

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = by_path().get(handler_call_details.method)
        if method is None:
            self._endpoint.unimplemented.append(handler_call_details.method)
            return None  # grpc itself says UNIMPLEMENTED
        read = getattr(method.request, "deserialize", None) or method.request.FromString
        if method.streams:
            return grpc.unary_stream_rpc_method_handler(self._streamed(method), read, _written)
        return grpc.unary_unary_rpc_method_handler(self._single(method), read, _written)

    def _single(self, method: Method):
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            replies, fault = self._called(method, request, context)
            if fault and fault.keep_bytes is not None:
                context.abort(grpc.StatusCode.UNAVAILABLE, "Connection reset by peer")
            return replies

        return answer

    def _streamed(self, method: Method):
        def answer(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            replies, fault = self._called(method, request, context)
            for number, reply in enumerate(replies):
                if fault and fault.keep_bytes is not None and number == 1:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "Connection reset by peer")
                yield reply

        return answer

    def _called(self, method: Method, request: Any, context: grpc.ServicerContext) -> tuple[Any, Any]:
        """What the handler says; a refusal ends the call."""
        headers = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        try:
            reply, fault = dispatch.rpc(self._endpoint, method, request, headers)
        except GoogleError as error:
            context.abort(error.grpc, error.message)
        except Exception as error:  # noqa: BLE001 - the test must hear of it, the caller must not retry it
            self._endpoint.broken.append(f"{method.name}: {error!r}")
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "FakeIsBroken")
        if fault and fault.delay:
            time.sleep(fault.delay)
        return reply, fault


def _written(message: Any) -> bytes:
    return plain(message).SerializeToString()
