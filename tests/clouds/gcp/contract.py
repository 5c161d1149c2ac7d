"""The vendor's contract, taken from the installed Google clients: each method's path, messages and HTTP rules.

The proto classes leave no room for made-up members; what is not in them cannot be read from a request or written into a
reply. A request that says more than its message has is a violation.
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import grpc
from google.iam.v1 import iam_policy_pb2

SERVICES: Final = (
    ("google.cloud.billing_v1", "cloud_billing", "CloudBilling"),
    ("google.cloud.billing_v1", "cloud_catalog", "CloudCatalog"),
    ("google.cloud.billing.budgets_v1", "budget_service", "BudgetService"),
    ("google.cloud.recommender_v1", "recommender", "Recommender"),
    ("google.cloud.asset_v1", "asset_service", "AssetService"),
    ("google.cloud.resourcemanager_v3", "projects", "Projects"),
    ("google.cloud.resourcemanager_v3", "folders", "Folders"),
    ("google.cloud.resourcemanager_v3", "organizations", "Organizations"),
    ("google.cloud.resourcemanager_v3", "tag_keys", "TagKeys"),
    ("google.cloud.resourcemanager_v3", "tag_values", "TagValues"),
    ("google.cloud.resourcemanager_v3", "tag_bindings", "TagBindings"),
    ("google.cloud.monitoring_v3", "metric_service", "MetricService"),
    ("google.cloud.bigquery_storage_v1", "big_query_read", "BigQueryRead"),
)
"""Package, folder of the service in it, and the service's name."""

_PLAIN: Final = {
    "TestIamPermissions": iam_policy_pb2.TestIamPermissionsRequest,
    "GetIamPolicy": iam_policy_pb2.GetIamPolicyRequest,
    "SetIamPolicy": iam_policy_pb2.SetIamPolicyRequest,
}
"""Requests that are plain protobuf: their serialisers do not say whose they are."""


@dataclass(frozen=True)
class Rule:
    """One HTTP binding: `pattern` takes the path apart into the fields of `names`, `body` is the field of the body."""

    verb: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    body: str | None
    custom: bool


@dataclass(frozen=True)
class Method:
    """One method: `name` as `Service.Method`, its gRPC path, both messages, and how REST reaches it."""

    name: str
    path: str
    request: type
    reply: type
    streams: bool
    rules: tuple[Rule, ...]


class _Recorder(grpc.Channel):
    """A channel that only notes what a client's transport would call."""

    def __init__(self) -> None:
        self.calls: dict[str, tuple[Any, Any, bool]] = {}

    def unary_unary(self, method, request_serializer=None, response_deserializer=None, *_, **__):
        self.calls[method] = (request_serializer, response_deserializer, False)
        return lambda *_, **__: None

    def unary_stream(self, method, request_serializer=None, response_deserializer=None, *_, **__):
        self.calls[method] = (request_serializer, response_deserializer, True)
        return lambda *_, **__: None

    stream_unary = stream_stream = unary_unary

    def subscribe(self, *_, **__): ...
    def unsubscribe(self, *_): ...
    def close(self): ...
    def __enter__(self):
        return self

    def __exit__(self, *_): ...


@cache
def methods() -> tuple[Method, ...]:
    """Every method of every service that the installed clients can call here."""
    return tuple(method for package, folder, service in SERVICES for method in _of(package, folder, service))


@cache
def by_path() -> dict[str, Method]:
    """gRPC path -> method."""
    return {method.path: method for method in methods()}


@cache
def by_name() -> dict[str, Method]:
    """`Service.Method` -> method."""
    return {method.name: method for method in methods()}


def route(verb: str, path: str) -> tuple[Method, Rule, dict[str, str]] | None:
    """The method that a REST request means, with the fields that its path holds."""
    for method, rule in _rules():
        if rule.verb == verb and (found := rule.pattern.fullmatch(path)):
            return method, rule, dict(zip(rule.names, found.groups(), strict=True))
    return None


@cache
def _rules() -> tuple[tuple[Method, Rule], ...]:
    rules = [(method, rule) for method in methods() for rule in method.rules]
    return tuple(sorted(rules, key=lambda one: not one[1].custom))


def _of(package: str, folder: str, service: str) -> Iterator[Method]:
    transports = f"{package}.services.{folder}.transports"
    transport_class = getattr(importlib.import_module(f"{transports}.grpc"), f"{service}GrpcTransport")
    recorder = _Recorder()
    transport = transport_class(channel=recorder)
    transport._logged_channel, transport._stubs = recorder, {}  # its own channel would make the calls lazily
    for name, _ in inspect.getmembers(transport_class, lambda member: isinstance(member, property)):
        if name != "operations_client":
            getattr(transport, name)
    rest = _http_options(transports, service)
    for path, (serializer, deserializer, streams) in recorder.calls.items():
        name = path.rsplit("/", 1)[1]
        request = getattr(serializer, "__self__", None) or _PLAIN.get(name)
        if request is not None:  # else one that nobody needs: DeleteX with a plain reply
            rules = tuple(_rule(option) for option in rest.get(name, ()))
            yield Method(f"{service}.{name}", path, request, deserializer.__self__, streams, rules)


def _http_options(transports: str, service: str) -> dict[str, list[dict[str, str]]]:
    try:
        module = importlib.import_module(f"{transports}.rest_base")
    except ModuleNotFoundError:  # gRPC only, as Monitoring and the Storage Read API are
        return {}
    base = getattr(module, f"_Base{service}RestTransport")
    return {
        name.removeprefix("_Base"): member._get_http_options()
        for name, member in vars(base).items()
        if name.startswith("_Base") and hasattr(member, "_get_http_options")
    }


def _rule(option: dict[str, str]) -> Rule:
    names: list[str] = []
    pattern = ""
    for literal, name, shape in re.findall(r"([^{]+)|\{([\w.]+)(?:=([^}]+))?\}", option["uri"]):
        if literal:
            pattern += re.escape(literal)
        else:
            names.append(name)
            pattern += "(" + re.escape(shape or "*").replace(r"\*\*", ".+").replace(r"\*", "[^/]+") + ")"
    custom = ":" in option["uri"].rsplit("}", 1)[-1]
    return Rule(option["method"].upper(), re.compile(pattern), tuple(names), option.get("body"), custom)
