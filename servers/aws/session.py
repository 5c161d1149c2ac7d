"""Who we are to AWS: the SDK's own credential chains, a role in each account, and clients that are made once."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from servers.aws.errors import translated
from servers.aws.settings import AwsSettings
from shared_models.errors import MissingExtraError

if TYPE_CHECKING:
    from servers.aws.sdk import Sdk

_MOST_CLIENTS: Final = 256
_HOMES: Final = {
    "aws": "us-east-1",
    "aws-cn": "cn-northwest-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
}
"""The region that answers for what has no region, billing among it."""


@dataclass(frozen=True)
class Caller:
    """The principal behind our credentials."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-us-gov`, `aws-cn`, `aws-eusc`."""
        return self.arn.split(":")[1]

    @property
    def home(self) -> str:
        """The region of the partition's billing."""
        return _HOMES.get(self.partition, "us-east-1")


class Sessions:
    """Clients of any account; blocking, call it off the event loop. Safe for many threads."""

    def __init__(self, settings: AwsSettings) -> None:
        self.settings = settings
        self._guard = threading.RLock()
        self._turn = threading.Lock()
        self._sdk: Sdk | None = None
        self._callers: dict[str | None, Caller] = {}
        self._clients: OrderedDict[tuple[str, str, str | None], Any] = OrderedDict()

    def client(self, service: str, region: str | None = None, account: str | None = None) -> Any:
        """The client of a service in a region (the partition's home without it) as an account (our own without it).

        Raises:
            MissingExtraError: the SDK is not installed.
            AccessError: there are no credentials, or the account's role cannot be taken.

        """
        known = self._recent((service, region or "", account))
        if known is not None:
            return known
        with self._guard:
            return self._made(service, region, account)

    def caller(self, account: str | None = None) -> Caller:
        """Who we are, or who we are in an account.

        Raises:
            MissingExtraError: the SDK is not installed.
            AccessError: there are no valid credentials.
            UpstreamError: AWS does not answer.

        """
        known = self._callers.get(account)
        if known is not None:
            return known
        try:
            said = self.client("sts", None, account).get_caller_identity()
        except Exception as error:
            raise translated(error, "sts:GetCallerIdentity", on=account or "our own account") from error
        return self._callers.setdefault(account, Caller(said["Account"], said["Arn"]))

    def enter(self, account: str) -> None:
        """Take an account's role, if it has not been taken yet: what that brings is used by its clients.

        Raises:
            AccessError: the role cannot be taken.
            UpstreamError: AWS does not answer.

        """
        way = self._role_of(account)
        with self._guard:
            credentials = self._loaded().credentials(way)
        try:
            if credentials is not None:
                credentials.get_frozen_credentials()
        except Exception as error:
            raise translated(error, "sts:AssumeRole", on=account) from error

    def payers(self) -> tuple[str, ...]:
        """The management accounts whose bills are asked for: those of the settings, else our own account.

        Raises:
            AccessError: there are no valid credentials.

        """
        return self.settings.payers or (self.caller().account,)

    def _made(self, service: str, region: str | None, account: str | None) -> Any:
        place = region or self._home(account)
        client = self._recent((service, place, account))
        if client is None:
            try:
                client = self._loaded().client(service, place, self._role_of(account))
            except Exception as error:
                raise translated(error, f"{service} client", on=account or "our own account") from error
        with self._turn:
            for key in ((service, place, account), (service, region or "", account)):
                self._clients[key] = client
            while len(self._clients) > _MOST_CLIENTS:  # whoever holds one that is let go may go on with it
                self._clients.popitem(last=False)
        return client

    def _recent(self, key: tuple[str, str, str | None]) -> Any:
        """A client that was made before, which keeps it from being let go next."""
        with self._turn:
            client = self._clients.get(key)
            if client is not None:
                self._clients.move_to_end(key)
            return client

    def _home(self, account: str | None) -> str:
        if account is None or account in self.settings.profiles or not self.settings.role:
            return self._loaded().home_of(self.settings.profiles.get(account or ""), _HOMES)
        return self.caller().home

    def _role_of(self, account: str | None) -> tuple[str | None, str | None]:
        """(profile, role ARN) by which an account is reached; (None, None) is ourselves."""
        if account is None:
            return None, None
        if account in self.settings.profiles:
            return self.settings.profiles[account], None
        if not self.settings.role:
            return None, None
        caller = self.caller()
        if account == caller.account:
            return None, None
        return None, f"arn:{caller.partition}:iam::{account}:role/{self.settings.role}"

    def _loaded(self) -> "Sdk":
        if self._sdk is None:
            try:
                from servers.aws.sdk import Sdk  # noqa: PLC0415 - the SDK is loaded by the first live question
            except ModuleNotFoundError as error:
                raise MissingExtraError("aws", needed_for="Live AWS data") from error
            self._sdk = Sdk(self.settings)
        return self._sdk
