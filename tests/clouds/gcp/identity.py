"""Who calls: service accounts with keys, users and federated workloads, the tokens they hold, and what they may do."""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.clouds.gcp.errors import REASONS, GoogleError, denied

LIFETIME = timedelta(hours=1)


@cache
def key_pair() -> rsa.RSAPrivateKey:
    """The one RSA key of this process: service accounts differ by their key ids."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Principal:
    """A caller: `kind` is serviceAccount, user or federated."""

    email: str
    kind: str = "serviceAccount"
    project: str = ""

    @property
    def member(self) -> str:
        """As IAM names it."""
        return self.email if self.kind == "federated" else f"{self.kind}:{self.email}"


@dataclass
class Policy:
    """Everybody may do everything except what is denied: (member, permission, resource), `*` allowed in each."""

    denials: list[tuple[str, str, str]] = field(default_factory=list)

    def deny(self, permission: str, resource: str = "*", member: str = "*") -> None:
        """Take a permission away: `policy.deny("billing.*", "billingAccounts/0B52C9*")`."""
        self.denials.append((member, permission, resource))

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        """Whether the caller has the permission on the resource."""
        asked = (principal.member, permission, resource)
        return not any(all(map(fnmatchcase, asked, denial)) for denial in self.denials)

    def require(self, principal: Principal, permission: str, resource: str) -> None:
        """Refuse who lacks it.

        Raises:
            GoogleError: PERMISSION_DENIED.

        """
        if not self.allows(principal, permission, resource):
            raise denied(permission, resource)


@dataclass
class Identities:
    """Every principal that the endpoint knows and every token that it gave out."""

    operator: Principal
    lifetime: timedelta = LIFETIME
    impersonators: dict[str, set[str]] = field(default_factory=dict)
    """Service account -> members that may mint its tokens."""
    refresh_tokens: dict[str, Principal] = field(default_factory=dict)
    subject_tokens: dict[str, str] = field(default_factory=dict)
    """An outside provider's token -> its subject."""
    workload_audience: str = (
        "//iam.googleapis.com/projects/472910385561/locations/global/workloadIdentityPools/quillhaven/providers/ci"
    )
    anonymous: Principal | None = None
    """Whom a request without a token counts as; nobody, as in the cloud."""
    _keys: dict[str, Principal] = field(default_factory=dict)
    _issued: dict[str, tuple[Principal, datetime]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def key_of(self, principal: Principal, token_uri: str) -> dict[str, str]:
        """A service account's key file, whose key this endpoint knows."""
        key_id = secrets.token_hex(20)
        self._keys[key_id] = principal
        private = key_pair().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": principal.project,
            "private_key_id": key_id,
            "private_key": private.decode(),
            "client_email": principal.email,
            "client_id": "103928475610293847561",
            "token_uri": token_uri,
        }

    def revoke_keys(self) -> None:
        """No key that was given out counts any more."""
        self._keys.clear()

    def issue(self, principal: Principal) -> tuple[str, datetime]:
        """A new access token and when it ends."""
        token, until = f"ya29.{secrets.token_urlsafe(40)}", datetime.now(UTC) + self.lifetime
        with self._lock:
            self._issued[token] = (principal, until)
        return token, until

    def expire_tokens(self) -> None:
        """Every access token that is out ends now."""
        with self._lock:
            self._issued.clear()

    def signer_of(self, assertion: str, audience: str | None = None) -> Principal:
        """Who signed a JWT that is still good, meant for this audience where one is given.

        Raises:
            GoogleError: unknown key, wrong signature, wrong audience, too old, or older than an hour in the making.

        """
        try:
            principal = self._keys[jwt.get_unverified_header(assertion).get("kid", "")]
            claims: Mapping[str, object] = jwt.decode(
                assertion, key_pair().public_key(), ["RS256"], audience=audience,
                options={"verify_aud": audience is not None, "require": ["iat", "exp", "iss"]}, leeway=30,
            )  # fmt: skip
        except (jwt.PyJWTError, KeyError) as error:
            raise GoogleError("INVALID_ARGUMENT", "Invalid JWT Signature.", "invalid_grant") from error
        if claims["iss"] != principal.email:
            raise GoogleError("INVALID_ARGUMENT", "Invalid issuer.", "invalid_grant")
        return principal

    def bearer(self, authorization: str | None) -> Principal:
        """Who holds the token of an Authorization header: one that was given out, or a JWT that its holder signed.

        Raises:
            GoogleError: UNAUTHENTICATED.

        """
        if not authorization and self.anonymous is not None:
            return self.anonymous
        token = (authorization or "").removeprefix("Bearer ")
        with self._lock:
            found = self._issued.get(token)
        if found is not None and found[1] > datetime.now(UTC):
            return found[0]
        if token.count(".") == 2 and found is None:
            try:
                return self.signer_of(token)
            except GoogleError as error:
                raise REASONS["unauthenticated"] from error
        raise REASONS["unauthenticated"]
