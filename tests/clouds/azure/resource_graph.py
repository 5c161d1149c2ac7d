"""Resource Graph: queries over the sample's inventory, with skip tokens, quota headers and throttling."""

import json
from collections.abc import Mapping
from typing import Any, Final

from azure.mgmt.resourcegraph import models

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.errors import AzureError, bad_request, not_implemented
from tests.clouds.azure.kql import compiled

_MOST: Final = 1000
_TYPES: Final[Mapping[str, str]] = {"VARCHAR": "string", "BIGINT": "integer", "DOUBLE": "number", "BOOLEAN": "boolean"}


def resources(call: Call) -> dict[str, Any]:
    """POST resources: one page; the next one by `$skipToken`, where the rows show the resources' ids."""
    headers, allowed = call.endpoint.quotas.graph_query(call.token.client)
    call.reply_headers.update(headers)
    if not allowed:
        raise AzureError("RateLimiting", "Please provide below info when asking for support: too many requests.", 429)
    body, options = call.body, call.body.get("options") or {}
    if unheard := (options.keys() - {"$top", "$skip", "$skipToken", "resultFormat", "allowPartialScopes"}) | (
        {"facets"} & body.keys()
    ):
        raise not_implemented(f"Resource Graph with {', '.join(sorted(unheard))}")
    query = compiled(body["query"], ("resources", "resourcecontainers"))
    columns, rows = _run(call, query.sql, _scope(call, body))
    size = min(int(options.get("$top", _MOST)), call.endpoint.page_sizes.get("graph", _MOST), _MOST)
    kept = rows[int(options.get("$skip") or 0) :] if not options.get("$skipToken") else rows
    page, token = call.page(kept, size, options.get("$skipToken"))
    more = {"$skipToken": token} if token and query.pageable else {}
    table = str(options.get("resultFormat", "objectArray")).lower() == "table"
    names = [column["name"] for column in columns]
    data = {"columns": columns, "rows": page} if table else [dict(zip(names, row, strict=True)) for row in page]
    return {
        "totalRecords": len(rows), "count": len(page), "resultTruncated": "true" if token and not more else "false",
        "data": data, "facets": [], **more,
    }  # fmt: skip


def _scope(call: Call, body: Mapping[str, Any]) -> list[str]:
    own = {one.id for one in call.ledger.subscriptions if one.tenant == call.tenant}
    if given := body.get("subscriptions"):
        found = own & {one.lower() for one in given}
        if not found:
            raise bad_request(
                "Please provide below info when asking for support: no access to any of the subscriptions."
            )
        return sorted(found)
    if groups := body.get("managementGroups"):
        below = [one for name in groups for one in call.ledger.group(call.tenant, name) or ()]
        return sorted({one.id for one in below})
    return sorted(own)


def _run(call: Call, sql: str, subscriptions: list[str]) -> tuple[list[dict[str, str]], list[list[Any]]]:
    for table in ("resources", "resourcecontainers"):
        allowed = ", ".join(f"'{one}'" for one in subscriptions)
        sql = sql.replace(f"FROM {table})", f'FROM {table} WHERE "subscriptionId" IN ({allowed}))')
    with call.ledger.connection.cursor() as cursor:
        cursor.execute(sql)
        described = cursor.description or []
        kinds = [str(column[1]) for column in described]
        rows = [[_said(v, k) for v, k in zip(row, kinds, strict=True)] for row in cursor.fetchall()]
    columns = [{"name": str(c[0]), "type": _TYPES.get(k, "object")} for c, k in zip(described, kinds, strict=True)]
    return columns, rows


def _said(value: Any, kind: str) -> Any:
    return json.loads(value) if kind == "JSON" and isinstance(value, str) else value


OPERATIONS: Final = (
    Operation(
        "resourcegraph:Resources", "POST", "/providers/Microsoft.ResourceGraph/resources", resources,
        models.QueryRequest, models.QueryResponse,
    ),
)  # fmt: skip
