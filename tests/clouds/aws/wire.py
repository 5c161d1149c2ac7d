"""Between HTTP and the operations of botocore's models: which operation a request names, its arguments, its reply."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape
from botocore.utils import parse_timestamp
from moto.core.parse import EC2QueryParser, QueryParser
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from tests.clouds.aws.errors import AwsError
from tests.clouds.wire import Reply, Request

SIGNING_NAMES: Mapping[str, str] = {
    "monitoring": "cloudwatch",
    "awsssoportal": "sso",
    "tagging": "resourcegroupstaggingapi",
}
"""Services that sign with another name than their own."""
JSON_SERVICES = (
    "ce", "bcm-data-exports", "cur", "organizations", "budgets", "invoicing", "pricing", "compute-optimizer",
    "cost-optimization-hub", "cloudwatch", "support", "freetier", "billing", "resourcegroupstaggingapi", "service-quotas",
    "dynamodb",
)  # fmt: skip


def operation_of(request: Request, signed_for: str | None) -> OperationModel | None:
    """The operation that a request names; None where no model has it."""
    if target := request.headers.get("x-amz-target"):
        prefix, _, name = target.rpartition(".")
        service = _by_prefix().get(prefix)
        return _operation(service, name) if service else None
    service = SIGNING_NAMES.get(signed_for or "", signed_for)
    form = _form(request)
    if action := form.get("Action"):
        return _operation(service or ("sts" if form.get("Version") == "2011-06-15" else None), action)
    service = service or ("sso" if "x-amz-sso_bearer_token" in request.headers else None)
    if service is None:
        return None
    if service == "s3":
        return get_service_model("s3").operation_model(_s3_operation(request))
    model = get_service_model(service)
    path = urlsplit(request.target).path
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.http["method"] == request.method and _uri(operation).fullmatch(path):
            return operation
    return None


def arguments(request: Request, operation: OperationModel) -> dict[str, Any]:
    """The arguments as they came, timestamps read, unknown members kept for the contract check."""
    protocol = operation.service_model.resolved_protocol
    if protocol in {"query", "ec2"}:
        parser = (EC2QueryParser if protocol == "ec2" else QueryParser)(operation, timestamp_parser=_instant)
        return parser.parse({"values": _form(request)})
    try:
        given = json.loads(request.body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", str(error)) from error
    if protocol == "rest-json" and operation.input_shape is not None:
        given |= _located(request, operation)
    return _typed(operation.input_shape, given)


def reply(operation: OperationModel, result: Mapping[str, Any]) -> Reply:
    """A result as this operation's protocol writes it."""
    model = operation.service_model
    written = get_serializer_class(model.service_name, model.resolved_protocol)(operation).serialize(result)
    body = written["body"]
    return Reply(written["status_code"], body.encode() if isinstance(body, str) else body, dict(written["headers"]))


def error_reply(error: AwsError, protocol: str, service: str, request_id: str) -> Reply:
    """An error as this protocol writes it."""
    message = escape(error.message)
    if service == "s3":
        body = (
            f"<Error><Code>{error.code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
        )
        return Reply(error.status, body.encode(), {"Content-Type": "application/xml"})
    if protocol == "ec2":
        body = f"<Response><Errors><Error><Code>{error.code}</Code><Message>{message}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
        return Reply(error.status, body.encode(), {"Content-Type": "text/xml"})
    if protocol == "query":
        kind = "Sender" if error.status < 500 else "Receiver"
        body = f"<ErrorResponse><Error><Type>{kind}</Type><Code>{error.code}</Code><Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        return Reply(error.status, body.encode(), {"Content-Type": "text/xml"})
    text = json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
    return Reply(
        error.status, text.encode(), {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": error.code}
    )


def _s3_operation(request: Request) -> str:
    """S3 tells its operations by method, path and query keys."""
    url = urlsplit(request.target)
    bucket, _, key = url.path.lstrip("/").partition("/")
    if key:
        return "HeadObject" if request.method == "HEAD" else "GetObject" if request.method == "GET" else "PutObject"
    if not bucket:
        return "ListBuckets"
    if request.method == "HEAD":
        return "HeadBucket"
    return "GetBucketLocation" if "location" in url.query.split("&") else "ListObjectsV2"


@cache
def _by_prefix() -> dict[str, str]:
    return {str(get_service_model(name).metadata["targetPrefix"]): name for name in JSON_SERVICES}


def _operation(service: str | None, name: str) -> OperationModel | None:
    if service is None:
        return None
    model = get_service_model(service)
    return model.operation_model(name) if name in model.operation_names else None


@cache
def _uri(operation: OperationModel) -> re.Pattern[str]:
    template = operation.http["requestUri"].partition("?")[0]
    parts = re.split(r"\{(\w+)(\+?)\}", template)
    pattern = ""
    for number in range(0, len(parts), 3):
        pattern += re.escape(parts[number])
        if number + 1 < len(parts):
            pattern += f"(?P<{parts[number + 1]}>{'.+' if parts[number + 2] else '[^/]+'})"
    return re.compile(pattern)


def _located(request: Request, operation: OperationModel) -> dict[str, Any]:
    """Arguments from the path, the query and the headers."""
    url = urlsplit(request.target)
    found = _uri(operation).fullmatch(url.path)
    query = dict(parse_qsl(url.query))
    values: dict[str, Any] = {}
    for name, shape in operation.input_shape.members.items():
        place, key = shape.serialization.get("location"), shape.serialization.get("name", name)
        value = {
            "uri": lambda key=key: unquote(found[key]) if found else None,
            "querystring": lambda key=key: query.get(key),
            "header": lambda key=key: request.headers.get(key.lower()),
        }.get(place, lambda: None)()
        if value is not None:
            values[name] = int(value) if shape.type_name in {"integer", "long"} else value
    return values


def _form(request: Request) -> dict[str, str]:
    if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        return {}
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


def _typed(shape: Shape | None, value: Any) -> Any:
    """JSON as Python: numbers or text where the model says timestamp become times, the rest stays."""
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        known = shape.members
        return {name: _typed(known.get(name), item) for name, item in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_typed(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _typed(shape.value, item) for name, item in value.items()}
    if shape.type_name == "timestamp" and isinstance(value, str | int | float):
        return _instant(value)
    return value


def _instant(value: str | float) -> datetime:
    return parse_timestamp(value).astimezone(UTC)
