"""Who calls: the app registration of the sample's reader, in which tenants it is known, and the tokens it was given."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from tests.clouds.azure.ledger import Ledger, identifier

ARM = "https://management.azure.com"
STORAGE = "https://storage.azure.com"
METRICS = "https://metrics.monitor.azure.com"


@dataclass(frozen=True)
class Token:
    """One access token: whose, in which tenant, for what, until when (seconds of the Unix clock)."""

    text: str
    tenant: str
    client: str
    audience: str
    expires: float


@dataclass
class Identities:
    """Everything that the authority knows. Add to the sets, or empty them, to change who gets in."""

    ledger: Ledger
    client: str = identifier("application", "reader")
    secret: str = identifier("secret", "reader")
    principal: str = identifier("principal", "reader")
    certificates: list[bytes] = field(default_factory=list)
    """PEM certificates registered with the application."""
    federated_tokens: set[str] = field(default_factory=set)
    """Tokens of the workload's own issuer that the application trusts."""
    tenants: set[str] = field(default_factory=set)
    """Tenants in which the application is known; another one refuses it."""
    lifetime: int = 3599
    """Seconds that a new token is good for."""
    issued: list[Token] = field(default_factory=list)
    device_codes: dict[str, bool] = field(default_factory=dict)
    """Device code -> whether the user has signed in."""
    device_scopes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tenants |= set(self.ledger.tenants)

    def issue(self, tenant: str, audience: str) -> Token:
        """A new token of the reader; its text is a JWT as Entra ID writes it, with a made-up signature."""
        now = time.time()
        claims: dict[str, Any] = {
            "aud": audience, "iss": f"https://sts.windows.net/{tenant}/", "iat": int(now), "nbf": int(now),
            "exp": int(now + self.lifetime), "appid": self.client, "oid": self.principal, "sub": self.principal,
            "tid": tenant, "idtyp": "app", "ver": "1.0", "uti": secrets.token_urlsafe(16),
        }  # fmt: skip
        text = ".".join((_part({"typ": "JWT", "alg": "RS256"}), _part(claims), secrets.token_urlsafe(48)))
        token = Token(text, tenant, self.client, audience, now + self.lifetime)
        self.issued.append(token)
        return token

    def find(self, text: str) -> Token | None:
        """The token of this text, good or not."""
        return next((token for token in self.issued if token.text == text), None)

    def expire_all(self) -> None:
        """No token that was given out is good any more, though its holder cannot know."""
        self.issued = [Token(t.text, t.tenant, t.client, t.audience, 0) for t in self.issued]


def signature_of(text: str) -> str:
    """The signature of a shared access link of this endpoint."""
    return hashlib.sha256(f"azure-fake {text}".encode()).hexdigest()


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
