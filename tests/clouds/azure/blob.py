"""The blob service over folders: containers, listings in pages, blobs with ETags, ranges and conditions. Read only.

A caller shows a token for storage or, for one blob, the signature of a shared access link. A test that replaces a file
in a container's folder replaces the blob: its ETag is that of its bytes.
"""

import base64
import hashlib
import json
import secrets
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.clouds.azure.errors import WORDS
from tests.clouds.azure.identity import STORAGE, signature_of
from tests.clouds.faults import Fault
from tests.clouds.wire import Reply, Request

if TYPE_CHECKING:
    from tests.clouds.azure.endpoint import Endpoint

ACCOUNT: Final = "quillhavenbilling"
_VERSION: Final = "2025-07-05"
_XML: Final = {"Content-Type": "application/xml", "x-ms-version": _VERSION}
_PAGE: Final = 5000


class _BlobError(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


def is_for_blobs(request: Request) -> bool:
    """Whether a request is for the storage account (its name leads the path, as where hosts are addresses)."""
    return urlsplit(request.target).path.startswith(f"/{ACCOUNT}")


def answer(request: Request, endpoint: "Endpoint") -> tuple[str, Reply, Fault | None]:
    """The operation's name, its reply, and the fault that its transport still has to suffer."""
    url = urlsplit(request.target)
    query = {name.lower(): value for name, value in parse_qsl(url.query, keep_blank_values=True)}
    container, _, name = unquote(url.path).removeprefix(f"/{ACCOUNT}").lstrip("/").partition("/")
    operation = _operation(request.method, container, name, query)
    try:
        tenant = _authenticate(request, endpoint, container, name, query)
        fault = endpoint.faults.striking(operation, account=container, tenant=tenant)
        _suffer(endpoint, fault)
        return operation, _reply(request, endpoint, operation, (container, name), query), fault
    except _BlobError as error:
        body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{error.code}</Code><Message>{error.code}</Message></Error>'
        return operation, Reply(error.status, body.encode(), {"x-ms-error-code": error.code, **_XML}), None


def _suffer(endpoint: "Endpoint", fault: Fault | None) -> None:
    if fault is None or not (fault.reason or fault.code):
        return
    _, _, status = WORDS.get(fault.reason or "", ("", "", fault.status))
    code = {503: "ServerBusy", 403: "AuthorizationPermissionMismatch"}.get(status, fault.code or "InternalError")
    if fault.reason == "expired_token":
        endpoint.identities.expire_all()
    raise _BlobError(status, code)


def _operation(method: str, container: str, name: str, query: dict[str, str]) -> str:
    if method not in {"GET", "HEAD"} or (name and "comp" in query):
        return "blob:NotImplemented"
    if name:
        return "blob:Get" if method == "GET" else "blob:GetProperties"
    if query.get("comp") == "list":
        return "blob:List" if container else "blob:ListContainers"
    return "blob:GetContainer" if query.get("restype") == "container" and "comp" not in query else "blob:NotImplemented"


def _authenticate(request: Request, endpoint: "Endpoint", container: str, name: str, query: dict[str, str]) -> str:
    if "sig" in query:
        if query["sig"] != signature_of(f"{container}/{name}") or query.get("se", "") < f"{endpoint.now:%Y-%m-%d}":
            raise _BlobError(403, "AuthenticationFailed")
        return ""
    token = endpoint.identities.find(request.headers.get("authorization", "").removeprefix("Bearer "))
    if token is None or token.expires <= time.time() or token.audience != STORAGE:
        raise _BlobError(401, "InvalidAuthenticationInfo")
    return token.tenant


def _reply(
    request: Request, endpoint: "Endpoint", operation: str, place: tuple[str, str], query: dict[str, str]
) -> Reply:
    container, name = place
    if operation == "blob:NotImplemented":
        endpoint.unimplemented.append(f"blob {request.method} {request.target}")
        return Reply(501, b"")
    if operation == "blob:ListContainers":
        return _containers(endpoint)
    if container not in endpoint.containers:
        raise _BlobError(404, "ContainerNotFound")
    if operation == "blob:GetContainer":
        return Reply(200, b"", {"ETag": '"0x8D0"', "x-ms-version": _VERSION})
    files = _files(endpoint.containers[container])
    if operation == "blob:List":
        return _listing(endpoint, container, files, query)
    if name not in files:
        raise _BlobError(404, "BlobNotFound")
    return _blob(request, files[name])


def _files(folder: Path) -> dict[str, Path]:
    return {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}


def etag(data: bytes) -> str:
    """The ETag of a blob."""
    return f'"0x8D{hashlib.sha256(data).hexdigest()[:13].upper()}"'


def _blob(request: Request, file: Path) -> Reply:
    data = file.read_bytes()
    tag = etag(data)
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(datetime.fromtimestamp(file.stat().st_mtime, UTC), usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Type": "application/json" if file.suffix == ".json" else "application/octet-stream",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-version": _VERSION,
    }
    if (wanted := request.headers.get("if-match")) and wanted.strip('"') not in {"*", tag.strip('"')}:
        raise _BlobError(412, "ConditionNotMet")
    if (known := request.headers.get("if-none-match")) and known.strip('"') == tag.strip('"'):
        return Reply(304, b"", {"ETag": tag, "x-ms-error-code": "ConditionNotMet"})
    whole = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    asked = request.headers.get("x-ms-range") or request.headers.get("range")
    if not asked:
        return Reply(200, data, headers | {"Content-Length": str(len(data)), "Content-MD5": whole})
    first, _, last = asked.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(data)), len(data) - 1)
    if start >= len(data):
        raise _BlobError(416, "InvalidRange")
    said = {"Content-Range": f"bytes {start}-{end}/{len(data)}", "x-ms-blob-content-md5": whole}
    return Reply(206, data[start : end + 1], headers | said | {"Content-Length": str(end - start + 1)})


def _containers(endpoint: "Endpoint") -> Reply:
    found = "".join(
        f"<Container><Name>{name}</Name>{_properties(None)}</Container>" for name in sorted(endpoint.containers)
    )
    return Reply(200, _document(endpoint, "", f"<Containers>{found}</Containers><NextMarker/>"), _XML)


def _listing(endpoint: "Endpoint", container: str, files: dict[str, Path], query: dict[str, str]) -> Reply:
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = ""
    if marker := query.get("marker"):
        after = endpoint.reports.get(f"marker {container} {prefix} {marker}")
        if after is None:
            raise _BlobError(400, "OutOfRangeInput")
    size = min(int(query.get("maxresults", _PAGE)), endpoint.page_sizes.get("blob", _PAGE))
    found: dict[str, Path | None] = {}
    for name, file in files.items():
        if name.startswith(prefix):
            folder = prefix + name[len(prefix) :].partition(delimiter)[0] + delimiter if delimiter else ""
            found[folder if folder and name.startswith(folder) else name] = (
                None if name.startswith(folder or "\0") else file
            )
    rest = [(name, file) for name, file in found.items() if name > after]
    page, more = rest[:size], rest[size:]
    written = "".join(_entry(name, file) for name, file in page)
    following = ""
    if more:
        following = secrets.token_urlsafe(24)
        endpoint.reports[f"marker {container} {prefix} {following}"] = page[-1][0]
    asked = (
        f"<Prefix>{escape(prefix)}</Prefix>" if prefix else ""
    )  # the SDK asks for the next page by what it reads here
    body = f"{asked}<Blobs>{written}</Blobs><NextMarker>{following}</NextMarker>"
    return Reply(200, _document(endpoint, f' ContainerName="{container}"', body), _XML)


def _entry(name: str, file: Path | None) -> str:
    if file is None:
        return f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>"
    return f"<Blob><Name>{escape(name)}</Name>{_properties(file)}</Blob>"


def _properties(file: Path | None) -> str:
    if file is None:
        return "<Properties><Last-Modified>Mon, 05 Jan 2026 00:00:00 GMT</Last-Modified><Etag>0x8D0</Etag></Properties>"
    data = file.read_bytes()
    changed = format_datetime(datetime.fromtimestamp(file.stat().st_mtime, UTC), usegmt=True)
    tag = etag(data).strip('"')
    return (
        f"<Properties><Creation-Time>{changed}</Creation-Time><Last-Modified>{changed}</Last-Modified><Etag>{tag}</Etag>"
        f"<Content-Length>{len(data)}</Content-Length><Content-Type>application/octet-stream</Content-Type>"
        "<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><ServerEncrypted>true</ServerEncrypted></Properties>"
    )


def _document(endpoint: "Endpoint", attributes: str, body: str) -> bytes:
    service = json.dumps(f"{endpoint.account_url}/")
    return (
        f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint={service}{attributes}>{body}</EnumerationResults>'
    ).encode()
