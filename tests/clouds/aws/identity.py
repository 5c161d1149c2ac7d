"""Who calls: the access keys of the payers' operators, and the temporary ones that STS gives out."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.clouds.aws.ledger import Ledger

READER = "SkyLedgerReadOnly"
"""The role that every account of the organisation has."""


@dataclass(frozen=True)
class Principal:
    """One set of credentials, and whose they are."""

    account: str
    arn: str
    user_id: str
    key: str
    secret: str
    token: str | None = None
    expires: datetime | None = None


class Identities:
    """All credentials that are known. `roles` says which role names exist, `external_id` what their trust demands."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.roles: set[str] = {READER}
        self.external_id: str | None = None
        self.web_identity_tokens: dict[str, str] = {}
        """Web identity token -> the subject in it."""
        self._known: dict[str, Principal] = {}
        for payer in ledger.payers:
            drawn = hashlib.sha256(payer.encode()).hexdigest()
            key = f"AKIA{drawn[:16].upper()}"
            self._keep(
                Principal(payer, f"arn:aws:iam::{payer}:user/operator", f"AIDA{drawn[:17].upper()}", key, drawn[:40])
            )

    def operator(self, payer: str) -> Principal:
        """The long-lived keys of a payer's operator."""
        return next(known for known in self._known.values() if known.account == payer and known.token is None)

    def find(self, key: str) -> Principal | None:
        """Whose access key this is."""
        return self._known.get(key)

    def assume(self, role_arn: str, session: str, seconds: int) -> Principal:
        """New temporary credentials of a role."""
        account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
        number = secrets.token_hex(8).upper()
        return self._keep(
            Principal(
                account,
                f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
                f"AROA{hashlib.sha256(role_arn.encode()).hexdigest()[:17].upper()}:{session}",
                f"ASIA{number}",
                secrets.token_hex(20),
                secrets.token_urlsafe(120),
                datetime.now(UTC) + timedelta(seconds=seconds),
            )
        )

    def _keep(self, principal: Principal) -> Principal:
        self._known[principal.key] = principal
        return principal
