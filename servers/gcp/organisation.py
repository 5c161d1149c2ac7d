"""The projects under folders and organisations with labels and tags, and who pays for each; read once in hours."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import anyio
from pydantic import TypeAdapter

from servers.gcp.billing_accounts import billing_accounts, projects_of
from servers.gcp.gaps import gap_of
from servers.gcp.live import Live
from servers.kit.live.threads import off_loop
from servers.kit.ports import Slice
from shared_models.coverage import Freshness, Gap
from shared_models.errors import FinOpsError
from shared_models.organisation import SubAccount
from shared_models.untrusted import safe_text

FRESH_FOR: Final = timedelta(hours=6)
_KEPT: Final = TypeAdapter(tuple[tuple[SubAccount, ...], tuple[Gap, ...], dict[str, str]])
NO_ACCOUNT: Final = "none"
"""Stands for the billing account of a project that none pays for, or whose payer we may not see."""


class LiveOrganisation:
    """Searches folders and projects; what refuses is a gap."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self.freshness: tuple[Freshness, ...] = ()

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[SubAccount]:
        """Projects that meet the conditions, by their id.

        Raises:
            FinOpsError: projects cannot be searched.

        """
        projects, gaps, numbers = await self._kept()
        given = {name: value for name, value in conditions.items() if value is not None}
        fitting = [one for one in projects if all(getattr(one, name) == value for name, value in given.items())]
        shown = fitting[offset : offset + limit]
        tagged: dict[str, SubAccount] = {}
        untagged: list[FinOpsError] = []

        async def tag(project: SubAccount) -> None:
            try:
                tagged[project.sub_account_id] = await self._tagged(project, numbers[project.sub_account_id])
            except FinOpsError as error:
                untagged.append(error)

        async with anyio.create_task_group() as group:
            for project in shown:
                group.start_soon(tag, project)
        more = (gap_of(f"tags of {len(untagged)} projects", untagged[0]),) if untagged else ()
        items = tuple(tagged.get(project.sub_account_id, project) for project in shown)
        return Slice(items, len(fitting), (*gaps, *more))

    async def projects(self) -> tuple[tuple[SubAccount, ...], tuple[Gap, ...]]:
        """Every project that the settings' scopes hold, without tags, and what could not be read.

        Raises:
            FinOpsError: projects cannot be searched.

        """
        projects, gaps, _ = await self._kept()
        return projects, gaps

    async def _kept(self) -> tuple[tuple[SubAccount, ...], tuple[Gap, ...], dict[str, str]]:
        scopes = ",".join(self._live.settings.scopes)

        async def ask() -> str:
            payers, gaps = await self._payers()
            return _KEPT.dump_json(await off_loop(self._read, payers, gaps)).decode()

        kept = await self._live.answers.get(f"projects {scopes}", FRESH_FOR, ask)
        self.freshness = (Freshness(source="gcp", fetched_at=kept.fetched_at, origin="Resource Manager"),)
        return _KEPT.validate_json(kept.body)

    async def _payers(self) -> tuple[dict[str, str], list[Gap]]:
        """Project id -> billing account id."""
        found: dict[str, str] = {}
        gaps: list[Gap] = []
        try:
            accounts = await billing_accounts(self._live)
        except FinOpsError as error:
            return found, [gap_of("billing accounts", error)]
        for account in accounts:
            try:
                found |= await off_loop(projects_of, self._live, account)
            except FinOpsError as error:
                gaps.append(gap_of(f"projects of billing account {account.billing_account_id}", error))
        return found, gaps

    def _read(
        self, payers: Mapping[str, str], gaps: list[Gap]
    ) -> tuple[tuple[SubAccount, ...], tuple[Gap, ...], dict[str, str]]:
        """Blocking."""
        places = self._places(gaps)
        projects: dict[str, SubAccount] = {}
        numbers: dict[str, str] = {}
        for said in self._live.items("projects", "search_projects", {}, "projects"):
            line = _line(said.parent, places)
            scopes = {said.name, f"projects/{said.project_id}", *(place for place, _ in line)}
            if not self._live.settings.scopes or scopes & set(self._live.settings.scopes):
                path = tuple(name for _, name in reversed(line))
                projects[said.project_id] = _project(said, path, payers)
                numbers[said.project_id] = said.name
        return tuple(projects[key] for key in sorted(projects)), tuple(gaps), numbers

    def _places(self, gaps: list[Gap]) -> dict[str, tuple[str, str]]:
        """Resource name of a folder or an organisation -> (its parent, its name)."""
        found: dict[str, tuple[str, str]] = {}
        for service in ("organizations", "folders"):
            try:
                for one in self._live.items(service, f"search_{service}", {}, service):
                    found[one.name] = (str(getattr(one, "parent", "")), safe_text(one.display_name))
            except FinOpsError as error:
                gaps.append(gap_of(f"names of {service}", error))
        return found

    async def _tagged(self, project: SubAccount, resource: str) -> SubAccount:
        """The project with its effective tags beside its labels: one request each, so only a page's are asked for."""

        async def ask() -> str:
            parent = f"//cloudresourcemanager.googleapis.com/{resource}"
            found = await off_loop(
                lambda: list(
                    self._live.items(
                        "tagbindings", "list_effective_tags", {"parent": parent}, "effective_tags", on=resource
                    )
                )
            )
            return json.dumps(dict(map(_tag, found)))

        kept = await self._live.answers.get(f"tags of {resource}", FRESH_FOR, ask)
        return project.model_copy(update={"tags": {**project.tags, **json.loads(kept.body)}})


def _line(parent: str, places: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """The places above a project from its parent to the root, as (resource name, name); unseen ones by their number."""
    found: list[tuple[str, str]] = []
    while parent and all(parent != known for known, _ in found):
        above, name = places.get(parent, ("", parent))
        found.append((parent, name))
        parent = above
    return found


def _project(said: Any, path: tuple[str, ...], payers: Mapping[str, str]) -> SubAccount:
    return SubAccount(
        provider="gcp",
        billing_account_id=payers.get(said.project_id, NO_ACCOUNT),
        sub_account_id=said.project_id,
        sub_account_name=safe_text(said.display_name or said.project_id),
        sub_account_type="Project",
        path=path,
        tags={safe_text(key): safe_text(value) for key, value in said.labels.items()},
        valid_from=_instant(said.create_time),
        valid_to=_instant(said.delete_time),
    )


def _tag(said: Any) -> tuple[str, str]:
    """`organisation/environment` and `organisation/environment/production` -> environment, production."""
    key, value = (str(name).rpartition("/")[2] for name in (said.namespaced_tag_key, said.namespaced_tag_value))
    return safe_text(key), safe_text(value)


def _instant(said: Any) -> datetime | None:
    """A proto time as a plain one; the epoch is one that was not said."""
    if not said or not said.timestamp():
        return None
    return datetime.fromtimestamp(int(said.timestamp()), tz=said.tzinfo)
