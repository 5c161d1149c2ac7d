"""A cursor goes on in the listing that it began in, or says that it has expired: two readings are never mixed."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from servers.kit.app import exported_cloud
from servers.kit.deps import Deps, page_of
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.settings import Settings
from shared_models.errors import CursorError
from shared_models.organisation import SubAccount
from tests.builders import NOW


def account(number: int) -> SubAccount:
    return SubAccount(
        provider="aws",
        billing_account_id="1",
        sub_account_id=f"{number:03}",
        sub_account_name=f"account {number}",
        sub_account_type="Account",
        path=(),
    )


async def test_a_cursor_whose_listing_was_read_again_since_has_expired(tmp_path: Path) -> None:
    now = [NOW]
    accounts = [account(number) for number in range(6)]

    async def read(_: Mapping[str, object]) -> Found[SubAccount]:
        return Found(tuple(accounts))

    port = KeptItems(SubAccount, read, tmp_path, lambda: now[0], fresh_for=timedelta(hours=1))
    cloud = exported_cloud("aws", (), Settings(home=tmp_path))
    deps = Deps(cloud=cloud, settings=Settings(home=tmp_path), clock=lambda: now[0], version="1")
    _, first, _ = await page_of(deps, port, {}, None, 2, "list")
    going_on, second, _ = await page_of(deps, port, {}, first.next_cursor, 2, "list")
    accounts.pop(0)
    now[0] += timedelta(hours=2)
    await page_of(deps, port, {}, None, 2, "list")

    with pytest.raises(CursorError, match="expired") as expired:
        await page_of(deps, port, {}, second.next_cursor, 2, "list")

    assert [one.sub_account_id for one in going_on] == ["002", "003"]
    assert expired.value.hint == "Ask again without a cursor."
