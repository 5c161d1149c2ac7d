"""Who we are to Google Cloud: Application Default Credentials, impersonation, and clients that are made once."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from servers.gcp.errors import translated
from servers.gcp.settings import GcpSettings
from shared_models.errors import CredentialsMissingError, MissingExtraError

if TYPE_CHECKING:
    from servers.gcp.sdk import Sdk, Wire


@dataclass(frozen=True)
class Caller:
    """The principal behind our credentials, and the project that runs its queries."""

    principal: str
    project: str | None


class Sessions:
    """Clients of any service; blocking, call it off the event loop. Safe for many threads."""

    def __init__(self, settings: GcpSettings, wire: "Wire | None" = None) -> None:
        self.settings = settings
        self._wire = wire
        self._guard = threading.RLock()
        self._sdk: Sdk | None = None
        self._caller: Caller | None = None
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service of `servers.gcp.sdk.SERVICES`.

        Raises:
            MissingExtraError: the SDK is not installed.
            AccessError: there are no credentials.

        """
        known = self._clients.get(service)
        if known is not None:
            return known
        with self._guard:
            if service not in self._clients:
                try:
                    self._clients[service] = self._loaded().client(service)
                except ModuleNotFoundError as error:
                    raise MissingExtraError("gcp", needed_for="Live Google Cloud data") from error
                except Exception as error:
                    raise translated(error, f"{service} client", on="our own credentials") from error
            return self._clients[service]

    def caller(self) -> Caller:
        """Who we are.

        Raises:
            MissingExtraError: the SDK is not installed.
            AccessError: there are no valid credentials.

        """
        with self._guard:
            if self._caller is None:
                try:
                    credentials = self._loaded().refreshed()
                    _, project = self._loaded().credentials()
                except Exception as error:
                    raise translated(error, "oauth2.token", on="our own credentials") from error
                self._caller = Caller(_principal(credentials), self.settings.quota_project or project)
            return self._caller

    def project(self) -> str:
        """The project that runs queries.

        Raises:
            CredentialsMissingError: neither the settings nor the credentials name one.

        """
        named = self.settings.quota_project or self.caller().project
        if not named:
            raise CredentialsMissingError(
                "No project is named that runs queries and whose quota is used.",
                hint="Set SKYLEDGER_GCP_QUOTA_PROJECT to a project in which we may create BigQuery jobs.",
            )
        return named

    @property
    def retry(self) -> Any:
        """How calls of google-api-core clients are tried again."""
        with self._guard:
            return self._loaded().retry

    def _loaded(self) -> "Sdk":
        if self._sdk is None:
            try:
                from servers.gcp.sdk import Sdk, Wire  # noqa: PLC0415 - the SDK is loaded by the first live question
            except ModuleNotFoundError as error:
                raise MissingExtraError("gcp", needed_for="Live Google Cloud data") from error
            self._sdk = Sdk(self.settings, self._wire or Wire())
        return self._sdk


def _principal(credentials: Any) -> str:
    """An e-mail address where credentials have one, else what they are."""
    for name in ("service_account_email", "account", "signer_email"):
        found = getattr(credentials, name, None)
        if isinstance(found, str) and "@" in found:
            return found
    audience = getattr(credentials, "_audience", None)  # federation without impersonation has no other name
    if isinstance(audience, str) and "/workloadIdentityPools/" in audience:
        return f"principalSet:{audience.removeprefix('//iam.googleapis.com/')}"
    return f"a user signed in by {type(credentials).__module__.removeprefix('google.')}"
