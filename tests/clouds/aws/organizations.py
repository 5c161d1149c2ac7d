"""Organizations: each payer's tree of organisational units and accounts, as the sample has it on its last day."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError

_JOINED: Final = datetime(2021, 3, 1, tzinfo=UTC)
_ID: Final = "o-quillhaven1"


def _drawn(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _root(payer: str) -> str:
    return f"r-{_drawn(payer)[:4]}"


def _unit(payer: str, path: Sequence[str]) -> str:
    """The id of the place of a path; the root's own for the first name alone."""
    return _root(payer) if len(path) == 1 else f"ou-{_root(payer)[2:]}-{_drawn(payer, *path)[:8]}"


def _arn(payer: str, kind: str, place: str) -> str:
    return f"arn:aws:organizations::{payer}:{kind}/{_ID}/{place}"


def _allowed(call: Call) -> str:
    if not call.is_management:
        raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")
    return call.payer


def _members(call: Call) -> list[dict[str, Any]]:
    payer = call.payer
    root_name = next((a["path"][0] for a in call.ledger.accounts if a["payer"] == payer), "Root")
    name = call.ledger.rows("SELECT any_value(name) AS name FROM payer WHERE id = ?", [payer])[0]["name"]
    management = {"id": payer, "payer": payer, "name": name, "path": [root_name], "tags": {}}
    return [management, *(dict(account) for account in call.ledger.accounts if account["payer"] == payer)]


def _account(payer: str, account: Mapping[str, Any]) -> dict[str, Any]:
    number = account["id"]
    return {
        "Id": number,
        "Arn": _arn(payer, "account", number),
        "Email": f"aws+{number}@quillhaven.example",
        "Name": str(account["name"])[:50],
        "Status": "ACTIVE",
        "State": "ACTIVE",
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": _JOINED,
    }


def _units(call: Call) -> dict[str, tuple[str, ...]]:
    """Every organisational unit's id -> its path."""
    paths = {tuple(member["path"][:depth]) for member in _members(call) for depth in range(2, len(member["path"]) + 1)}
    return {_unit(call.payer, path): path for path in sorted(paths)}


def _place(call: Call, identifier: str) -> tuple[str, ...]:
    found = {_root(call.payer): tuple(_members(call)[0]["path"]), **_units(call)}.get(identifier)
    if found is None:
        raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")
    return found


def _page(call: Call, items: Sequence[Any], name: str) -> dict[str, Any]:
    page, more = call.page(items, invalid="InvalidInputException")
    return {name: page, **more}


def _unit_of(payer: str, path: Sequence[str]) -> dict[str, Any]:
    identifier = _unit(payer, path)
    return {"Id": identifier, "Arn": _arn(payer, "ou", identifier), "Name": path[-1]}


def _describe(call: Call) -> dict[str, Any]:
    payer = call.payer
    return {
        "Organization": {
            "Id": _ID,
            "Arn": f"arn:aws:organizations::{payer}:organization/{_ID}",
            "FeatureSet": "ALL",
            "MasterAccountArn": _arn(payer, "account", payer),
            "MasterAccountId": payer,
            "MasterAccountEmail": f"aws+{payer}@quillhaven.example",
        }
    }


def _list_accounts(call: Call) -> dict[str, Any]:
    payer = _allowed(call)
    return _page(call, [_account(payer, member) for member in _members(call)], "Accounts")


def _list_accounts_for_parent(call: Call) -> dict[str, Any]:
    payer, path = _allowed(call), _place(call, call.params["ParentId"])
    return _page(call, [_account(payer, m) for m in _members(call) if tuple(m["path"]) == path], "Accounts")


def _list_roots(call: Call) -> dict[str, Any]:
    payer = _allowed(call)
    root = {"Id": _root(payer), "Arn": _arn(payer, "root", _root(payer)), "Name": "Root", "PolicyTypes": []}
    return _page(call, [root], "Roots")


def _list_units(call: Call) -> dict[str, Any]:
    payer, path = _allowed(call), _place(call, call.params["ParentId"])
    return _page(call, [_unit_of(payer, p) for p in _units(call).values() if p[:-1] == path], "OrganizationalUnits")


def _list_children(call: Call) -> dict[str, Any]:
    _allowed(call)
    path, kind = _place(call, call.params["ParentId"]), call.params["ChildType"]
    if kind == "ACCOUNT":
        found = [member["id"] for member in _members(call) if tuple(member["path"]) == path]
    else:
        found = [identifier for identifier, unit in _units(call).items() if unit[:-1] == path]
    return _page(call, [{"Id": identifier, "Type": kind} for identifier in found], "Children")


def _list_parents(call: Call) -> dict[str, Any]:
    payer, child = _allowed(call), call.params["ChildId"]
    units = _units(call)
    path = units[child][:-1] if child in units else tuple(_member(call, child)["path"])
    kind = "ROOT" if len(path) == 1 else "ORGANIZATIONAL_UNIT"
    return _page(call, [{"Id": _unit(payer, path), "Type": kind}], "Parents")


def _member(call: Call, identifier: str) -> dict[str, Any]:
    found = next((member for member in _members(call) if member["id"] == identifier), None)
    if found is None:
        raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return found


def _describe_account(call: Call) -> dict[str, Any]:
    payer = _allowed(call)
    return {"Account": _account(payer, _member(call, call.params["AccountId"]))}


def _describe_unit(call: Call) -> dict[str, Any]:
    payer, path = _allowed(call), _place(call, call.params["OrganizationalUnitId"])
    return {"OrganizationalUnit": _unit_of(payer, path)}


def _list_tags(call: Call) -> dict[str, Any]:
    _allowed(call)
    identifier = call.params["ResourceId"]
    tags = _member(call, identifier)["tags"] if identifier.isdigit() else {}
    return _page(call, [{"Key": key, "Value": value} for key, value in sorted(tags.items())], "Tags")


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "DescribeAccount": _describe_account,
    "DescribeOrganization": _describe,
    "DescribeOrganizationalUnit": _describe_unit,
    "ListAccounts": _list_accounts,
    "ListAccountsForParent": _list_accounts_for_parent,
    "ListChildren": _list_children,
    "ListOrganizationalUnitsForParent": _list_units,
    "ListParents": _list_parents,
    "ListRoots": _list_roots,
    "ListTagsForResource": _list_tags,
}
