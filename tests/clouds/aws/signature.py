"""Signature Version 4 as the service checks it: who signed, with which key, when, for which service and region."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)"
)


@dataclass(frozen=True)
class Signed:
    """What a request's Authorization header says; `verify` says whether it is true."""

    key: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str

    @classmethod
    def read(cls, authorization: str | None) -> "Signed | None":
        """The header taken apart; None where a request is not signed with Version 4."""
        found = _HEADER.fullmatch(authorization or "")
        if found is None:
            return None
        key, day, region, service, names, signature = found.groups()
        return cls(key, day, region, service, tuple(names.split(";")), signature)

    def verify(self, secret: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether this secret signs this very request so. `headers` by lower-case name."""
        path, _, query = target.partition("?")
        payload = headers.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
        canonical = "\n".join(
            [
                method,
                path if self.service == "s3" else quote(path, safe="/-_.~"),
                _canonical_query(query),
                *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in self.headers),
                "",
                ";".join(self.headers),
                payload,
            ]
        )
        scope = f"{self.day}/{self.region}/{self.service}/aws4_request"
        text = "\n".join(
            ["AWS4-HMAC-SHA256", headers.get("x-amz-date", ""), scope, hashlib.sha256(canonical.encode()).hexdigest()]
        )
        key = f"AWS4{secret}".encode()
        for part in (self.day, self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), self.signature)


def signed_at(headers: Mapping[str, str]) -> datetime | None:
    """When the request says that it was signed."""
    try:
        return datetime.strptime(headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _canonical_query(query: str) -> str:
    pairs = [part.partition("=") for part in query.split("&") if part]
    encoded = [(_encode(name), _encode(value)) for name, _, value in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _encode(text: str) -> str:
    return quote(unquote(text), safe="-_.~")
