"""What our credentials reach: each permission by testIamPermissions, each export by a dry run; nothing is billed."""

import re
from collections.abc import Sequence
from typing import Final

import anyio

from servers.gcp.billing_accounts import billing_accounts
from servers.gcp.billing_exports.bills import LiveBills
from servers.gcp.billing_exports.discovery import BILLS, ExportTable, ExportTables
from servers.gcp.billing_exports.queries import estimate
from servers.gcp.gaps import gap_of
from servers.gcp.live import OUR_OWN, Live
from servers.gcp.organisation import LiveOrganisation
from servers.gcp.permissions import Level, at, tools_that_need
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError, PermissionDeniedError
from shared_models.server_card import Access, MissingPermission

_KIND: Final = re.compile(r"^(?P<kind>organizations|folders|projects|billingAccounts)/")
_SERVICES: Final = {"billingAccounts": "cloudbilling"}
Missing = set[tuple[str, str]]


async def access_of(live: Live, organisation: LiveOrganisation, tables: ExportTables, bills: LiveBills) -> Access:
    """Everything that can be told without paying; a failure to look is a gap in it."""
    try:
        await off_loop(live.sessions.caller)
    except FinOpsError as error:
        return Access(accounts_refused=(gap_of(OUR_OWN, error),))
    missing: Missing = set()
    problems: list[Gap] = []
    projects: int | None = None
    try:
        found, gaps = await organisation.projects()
        projects, problems = len(found), [*gaps]
    except FinOpsError as error:
        problems.append(gap_of("projects", error))
    async with anyio.create_task_group() as group:
        for resource, level in await _resources(live, problems):
            group.start_soon(_test, live, resource, level, missing, problems)
        group.start_soon(_exports, live, tables, bills, missing, problems)
    refused = {(permission, on) for permission, on in live.refused if tools_that_need(permission)}
    return Access(
        accounts_reached=projects,
        accounts_refused=tuple(dict.fromkeys(sorted(problems, key=lambda gap: gap.message))),
        missing_permissions=tuple(
            MissingPermission(permission=permission, on=on, tools=tools_that_need(permission))
            for permission, on in sorted(missing | refused)
        ),
    )


async def _resources(live: Live, problems: list[Gap]) -> Sequence[tuple[str, Level]]:
    """What permissions are tested on: billing accounts, the quota project, and the scopes (else the organisations)."""
    found: list[tuple[str, Level]] = []
    try:
        accounts = await billing_accounts(live)
        found += [(f"billingAccounts/{one.billing_account_id}", Level.BILLING) for one in accounts]
        if not accounts:
            problems.append(
                gap_of("billing accounts", PermissionDeniedError("billing.accounts.list", on="every account"))
            )
    except FinOpsError as error:
        problems.append(gap_of("billing accounts", error))
    try:
        project = await off_loop(live.sessions.project)
        found.append((f"projects/{project}", Level.QUOTA))
    except FinOpsError as error:
        problems.append(gap_of("quota project", error))
    scopes = live.settings.scopes or await off_loop(_organisations, live, problems)
    return [*found, *((scope, Level.SCOPE) for scope in scopes)]


def _organisations(live: Live, problems: list[Gap]) -> tuple[str, ...]:
    try:
        return tuple(one.name for one in live.items("organizations", "search_organizations", {}, "organizations"))
    except FinOpsError as error:
        problems.append(gap_of("organisations", error))
        return ()


async def _test(live: Live, resource: str, level: Level, missing: Missing, problems: list[Gap]) -> None:
    """Ask which of the permissions on a resource are ours; what is there is no longer refused."""
    wanted = {need.permission for need in at(level, resource)}
    kind = _KIND.match(resource)
    service = _SERVICES.get(kind["kind"], kind["kind"]) if kind else "projects"
    request = {"resource": resource, "permissions": sorted(wanted)}
    try:
        held = set((await live.ask(service, "test_iam_permissions", request, on=resource)).permissions)
    except FinOpsError as error:
        problems.append(gap_of(f"permissions on {resource}", error))
        return
    missing |= {(permission, resource) for permission in wanted - held}
    # What was tested is known; a refusal of the quota project was remembered under what was asked for there.
    for permission, on in list(live.refused):
        if permission in wanted and (on == resource or level is Level.QUOTA):
            live.refused.pop((permission, on), None)


async def _exports(live: Live, tables: ExportTables, bills: LiveBills, missing: Missing, problems: list[Gap]) -> None:
    """Dry-run each export; plan the next sync of those that may be read."""
    try:
        found = await off_loop(tables.found)
    except FinOpsError as error:
        problems.append(gap_of("billing exports", error))
        return
    problems += found.gaps
    for table in found.of(*BILLS):
        try:
            await off_loop(_dry_run, live, table)
            live.refused.pop(("bigquery.tables.getData", table.resource), None)
        except PermissionDeniedError as error:
            permission = str(error.details["permission"])
            missing.add((permission if tools_that_need(permission) else "bigquery.tables.getData", table.resource))
        except FinOpsError as error:
            problems.append(gap_of(f"table {table.name}", error))
    try:
        await off_loop(bills.plan)
    except FinOpsError as error:
        problems.append(gap_of("the next sync", error))


def _dry_run(live: Live, table: ExportTable) -> None:
    """Blocking, free."""
    where = " WHERE _PARTITIONTIME >= TIMESTAMP('2000-01-01')" if table.partitioned else ""
    estimate(live, f"SELECT COUNT(*) AS n FROM `{table.name}`{where}", on=table.resource, location=table.location)
