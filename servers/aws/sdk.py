"""The only module that loads boto3, and only with the first live question: sessions, roles, client configuration."""

# The SDK has no type stubs; what leaves this module is typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.loaders import Loader

from servers.aws.settings import AwsSettings
from shared_models.errors import CredentialsMissingError, near_matches

_ATTEMPTS: Final = 5
_CONNECTIONS: Final = 32
_MOST_NAMED: Final = 10
_ERRORS: Final = 300


class Sdk:
    """boto3's sessions by profile and role. Making sessions and clients is not safe for threads: hold a lock."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._config = Config(
            retries={"mode": "standard", "max_attempts": _ATTEMPTS},
            connect_timeout=settings.connect_seconds,
            read_timeout=settings.read_seconds,
            max_pool_connections=_CONNECTIONS,
            user_agent_extra="skyledger",
        )
        self._loader = Loader()
        """Shared by the sessions of all roles, so that the service models are read once."""
        self._sts: dict[boto3.Session, Any] = {}
        self._taken: dict[tuple[str | None, str], Any] = {}
        self._sessions: dict[tuple[str | None, str | None], boto3.Session] = {}

    @property
    def region(self) -> str | None:
        """The region of the environment or the profile."""
        return self._session(None, None).region_name

    def home_of(self, profile: str | None, homes: Mapping[str, str]) -> str:
        """The billing region of the partition in which a profile's region lies."""
        session = self._session(profile, None)
        if session.region_name is None:
            return homes["aws"]
        return homes.get(session.get_partition_for_region(session.region_name), session.region_name)

    def client(self, service: str, region: str, reached_by: tuple[str | None, str | None]) -> Any:
        """A new client of a service, as (profile, role ARN)."""
        session = cast("Any", self._session(*reached_by))
        client = session.client(service, region_name=region, config=self._config)
        client.meta.events.register("after-call", require_whole, unique_id="skyledger-whole")
        return client

    def credentials(self, reached_by: tuple[str | None, str | None]) -> Any:
        """The credentials of a (profile, role ARN): a role is taken when they are used, and again before they end."""
        profile, role = reached_by
        source = self._session(profile, None)
        if role is None:
            return source.get_credentials()
        key = (profile, role)
        if key not in self._taken:
            self._taken[key] = self._by_role(source, role)
        return self._taken[key]

    def _session(self, profile: str | None, role: str | None) -> boto3.Session:
        key = (profile or self._settings.profile, role)
        if key not in self._sessions:
            require_profile(key[0])
            own = boto3.Session(profile_name=key[0]) if role is None else self._in_role(profile, role)
            self._sessions[key] = own
        return self._sessions[key]

    def _in_role(self, profile: str | None, role: str) -> boto3.Session:
        base: Any = botocore.session.get_session()
        base.register_component("data_loader", self._loader)
        known = CredentialResolver([_Known(self.credentials((profile, role)))])
        base.register_component("credential_provider", known)
        return boto3.Session(botocore_session=base, region_name=self._session(profile, None).region_name)

    def _by_role(self, source: boto3.Session, role: str) -> Any:
        extra = {"RoleSessionName": "skyledger"}
        if self._settings.external_id:
            extra["ExternalId"] = self._settings.external_id
        sts = self._sts_of(source)

        def one_client(*_given: object, **_credentials: object) -> Any:
            """Stands for the client that the fetcher would make anew for each role, with the same credentials."""
            return sts

        fetcher = AssumeRoleCredentialFetcher(one_client, source.get_credentials(), role, extra_args=extra)
        return DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method=_Known.METHOD)

    def _sts_of(self, source: boto3.Session) -> Any:
        """The one client by which a session takes roles."""
        if source not in self._sts:
            client = cast("Any", source).client
            self._sts[source] = client("sts", region_name=source.region_name or "us-east-1", config=self._config)
        return self._sts[source]


class ResponseCutOffError(Exception):
    """A reply that was served and did not arrive whole."""


def require_whole(http_response: Any, parsed: Mapping[str, Any], **_: object) -> None:
    """Nothing, if a reply in JSON is whole: the SDK takes one that was cut off for an empty success.

    Raises:
        ResponseCutOffError: it was cut off.

    """
    if http_response.status_code >= _ERRORS or parsed.keys() - {"ResponseMetadata"}:
        return
    announced = str(http_response.headers.get("Content-Length", "0"))
    body: bytes = http_response.content
    if not body and announced not in {"", "0"}:
        raise ResponseCutOffError
    if "json" in str(http_response.headers.get("Content-Type", "")) and body:
        try:
            json.loads(body)
        except ValueError as error:
            raise ResponseCutOffError from error


def require_profile(profile: str | None) -> None:
    """Nothing, if the SDK's configuration has the profile or none is named.

    Raises:
        CredentialsMissingError: it has not; the hint names those that it has.

    """
    if profile is None:
        return
    known = botocore.session.Session().available_profiles
    if profile not in known:
        near = near_matches(profile, known) or sorted(known)[:_MOST_NAMED]
        raise CredentialsMissingError(
            f"There is no AWS profile {profile!r}.",
            hint=f"SKYLEDGER_AWS_PROFILE(S) may name {', '.join(near) if near else 'none: no profile is configured'}.",
        )


class _Known(CredentialProvider):
    """Hands a session the credentials that were made for it."""

    METHOD = "assume-role"

    def __init__(self, credentials: Any) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Any:
        """The credentials."""
        return self._credentials
