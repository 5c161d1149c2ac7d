"""S3 over folders: buckets, objects with ETags, ranges, conditions and pages of listings. Read only.

The billing bucket is the sample's `aws/costs` folder in the layout of Data Exports; the URIs of the manifests fit it. A
test that replaces a file in a bucket's folder replaces the object: its ETag is that of its bytes.
"""

import hashlib
import secrets
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from moto.core.utils import get_service_model

from tests.clouds.aws.contract import violations
from tests.clouds.aws.errors import AwsError
from tests.clouds.aws.wire import reply
from tests.clouds.wire import Reply, Request

if TYPE_CHECKING:
    from tests.clouds.aws.endpoint import Endpoint

BILLING_BUCKET: Final = "quillhaven-billing"
BILLING_PREFIX: Final = "exports/"
"""What the manifests' URIs put before an export's name."""
_XML: Final = {"Content-Type": "application/xml"}


def answer(request: Request, operation: str, endpoint: "Endpoint") -> Reply:
    """The reply to one S3 request.

    Raises:
        AwsError: the object, bucket or range is not there, or the condition fails.

    """
    url = urlsplit(request.target)
    bucket, _, key = unquote(url.path).lstrip("/").partition("/")
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    if not bucket:
        listed = [{"Name": name, "CreationDate": endpoint.now} for name in sorted(endpoint.buckets)]
        return _written(endpoint, "ListBuckets", {"Buckets": listed, "Owner": {"ID": "0" * 64}})
    if bucket not in endpoint.buckets:
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404)
    objects = _objects(bucket, endpoint.buckets[bucket])
    if operation in {"GetObject", "HeadObject"} and not query.keys() - {"partNumber", "versionId", "x-id"}:
        return _object(request, objects, key)
    if not key and "list-type" in query:
        return _listing(endpoint, bucket, objects, query)
    if not key and "location" in query:
        return Reply(200, b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>', _XML)
    if not key and request.method == "HEAD":
        return Reply(200, b"", {"x-amz-bucket-region": "us-east-1"})
    endpoint.unimplemented.append(f"s3 {request.method} {request.target}")
    return Reply(501, b"")


def _objects(bucket: str, folder: Path) -> dict[str, Path]:
    prefix = BILLING_PREFIX if bucket == BILLING_BUCKET else ""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {prefix + file.relative_to(folder).as_posix(): file for file in files}


def etag(file: Path) -> str:
    """The ETag of an object that was put in one piece."""
    return f'"{hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()}"'


def _object(request: Request, objects: dict[str, Path], key: str) -> Reply:
    if key not in objects:
        raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
    data, tag = objects[key].read_bytes(), etag(objects[key])
    if (wanted := request.headers.get("if-match")) and wanted.strip('"') != tag.strip('"'):
        raise AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
    if (known := request.headers.get("if-none-match")) and known.strip('"') == tag.strip('"'):
        return Reply(304, b"", {"ETag": tag})
    changed = datetime.fromtimestamp(objects[key].stat().st_mtime, UTC)
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(changed, usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Type": "application/json" if key.endswith(".json") else "binary/octet-stream",
    }
    if asked := request.headers.get("range"):
        first, last = _range(asked, len(data))
        headers |= {"Content-Range": f"bytes {first}-{last}/{len(data)}", "Content-Length": str(last - first + 1)}
        return Reply(206, data[first : last + 1], headers)
    return Reply(200, data, headers | {"Content-Length": str(len(data))})


def _range(asked: str, size: int) -> tuple[int, int]:
    start, _, end = asked.removeprefix("bytes=").partition("-")
    first = int(start) if start else max(0, size - int(end))
    last = min(int(end), size - 1) if start and end else size - 1
    if first >= size or first > last:
        raise AwsError("InvalidRange", "The requested range is not satisfiable", 416)
    return first, last


def _listing(endpoint: "Endpoint", bucket: str, objects: dict[str, Path], query: dict[str, str]) -> Reply:
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("start-after", "")
    if token := query.get("continuation-token"):
        after = endpoint.settings.setdefault("s3_tokens", {}).get((bucket, prefix, token))
        if after is None:
            raise AwsError("InvalidArgument", "The continuation token provided is incorrect")
    size = min(int(query.get("max-keys", 1000)), endpoint.page_sizes.get("s3", 1000))
    found: list[tuple[str, dict[str, Any] | None]] = []
    for key, file in objects.items():
        if not key.startswith(prefix) or key <= after:
            continue
        folder = prefix + key[len(prefix) :].partition(delimiter)[0] + delimiter if delimiter else ""
        if folder and key.startswith(folder):
            if folder > after and (folder, None) not in found:
                found.append((folder, None))
            continue
        changed = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
        found.append(
            (
                key,
                {
                    "Key": key,
                    "LastModified": changed,
                    "ETag": etag(file),
                    "Size": file.stat().st_size,
                    "StorageClass": "STANDARD",
                },
            )
        )
    page, rest = found[:size], found[size:]
    result: dict[str, Any] = {
        "IsTruncated": bool(rest),
        "Contents": [item for _, item in page if item],
        "CommonPrefixes": [{"Prefix": name} for name, item in page if item is None],
        "Name": bucket,
        "Prefix": prefix,
        "MaxKeys": size,
        "KeyCount": len(page),
    }
    if rest:
        result["NextContinuationToken"] = secrets.token_urlsafe(32)
        endpoint.settings["s3_tokens"] = endpoint.settings.get("s3_tokens", {}) | {
            (bucket, prefix, result["NextContinuationToken"]): _beyond(page[-1])
        }
    return _written(endpoint, "ListObjectsV2", {name: value for name, value in result.items() if value != []})


def _beyond(last: tuple[str, object]) -> str:
    """The key after which the next page starts: a folder is passed over whole."""
    return last[0] if last[1] is not None else last[0] + "\U0010ffff"


def _written(endpoint: "Endpoint", name: str, result: dict[str, Any]) -> Reply:
    operation = get_service_model("s3").operation_model(name)
    endpoint.violations.extend(f"s3:{name} reply {text}" for text in violations(operation.output_shape, result))
    return reply(operation, result)
