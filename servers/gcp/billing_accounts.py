"""The billing accounts whose bills are asked for: those of the settings, else all that we may see; sub-accounts too."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from servers.gcp.live import Live
from servers.kit.live.threads import off_loop
from shared_models.base import WireModel
from shared_models.untrusted import safe_text

FRESH_FOR: Final = timedelta(hours=6)


class BillingAccount(WireModel):
    """One account; `parent` is the account whose sub-account it is, or the organisation that owns it."""

    billing_account_id: str
    name: str
    currency: str
    open: bool
    parent: str | None = None


_ACCOUNTS: Final = TypeAdapter(tuple[BillingAccount, ...])


async def billing_accounts(live: Live) -> tuple[BillingAccount, ...]:
    """Every account by its id; asked once in hours.

    Raises:
        FinOpsError: none may be seen, or one of the settings may not.

    """
    wanted = live.settings.billing_accounts
    key = f"billing accounts {','.join(wanted) or 'all'}"

    async def ask() -> str:
        return _ACCOUNTS.dump_json(await off_loop(_read, live, wanted)).decode()

    return _ACCOUNTS.validate_json((await live.answers.get(key, FRESH_FOR, ask)).body)


def _read(live: Live, wanted: Sequence[str]) -> tuple[BillingAccount, ...]:
    """Blocking."""
    if wanted:
        names = [f"billingAccounts/{one}" for one in wanted]
        found = [live.asked("cloudbilling", "get_billing_account", {"name": name}, on=name) for name in names]
    else:
        found = list(live.items("cloudbilling", "list_billing_accounts", {}, "billing_accounts"))
    accounts = {one.billing_account_id: one for one in map(_account, found)}
    return tuple(accounts[key] for key in sorted(accounts))


def _account(said: Any) -> BillingAccount:
    parent = str(said.master_billing_account or said.parent).removeprefix("billingAccounts/")
    return BillingAccount(
        billing_account_id=str(said.name).removeprefix("billingAccounts/"),
        name=safe_text(said.display_name),
        currency=said.currency_code,
        open=said.open_,
        parent=parent or None,
    )


def projects_of(live: Live, account: BillingAccount) -> dict[str, str]:
    """Project id -> billing account id, for the projects that an account pays for; blocking.

    Raises:
        FinOpsError: Google refuses or fails.

    """
    name = f"billingAccounts/{account.billing_account_id}"
    found = live.items("cloudbilling", "list_project_billing_info", {"name": name}, "project_billing_info", on=name)
    return {str(one.project_id): account.billing_account_id for one in found}
