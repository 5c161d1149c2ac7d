"""Resource Manager, version 3: the organisation, its folders and projects, and what the caller may do on each."""

from dataclasses import replace
from typing import Any, Final

from google.cloud import resourcemanager_v3 as rm
from google.iam.v1 import iam_policy_pb2

from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import denied, invalid, unimplemented
from tests.clouds.gcp.ledger import ORGANISATION


def _organisation(call: Call) -> rm.Organization:
    name = str(call.ledger.projects[0]["organisation"])
    return rm.Organization(name=f"organizations/{ORGANISATION}", display_name=name, state=rm.Organization.State.ACTIVE)


def _folder(row: dict[str, Any]) -> rm.Folder:
    return rm.Folder(
        name=f"folders/{row['id']}", parent=row["parent"], display_name=row["name"], state=rm.Folder.State.ACTIVE
    )


def _project(row: dict[str, Any]) -> rm.Project:
    return rm.Project(
        name=f"projects/{row['number']}",
        parent=row["parent"],
        project_id=row["id"],
        display_name=row["name"],
        labels={_label(key): _label(value) for key, value in row["labels"].items()},
        state=rm.Project.State.ACTIVE,
    )


def _label(text: str) -> str:
    """As a label may be written: lower case, no spaces."""
    return "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in text.lower())[:63]


def search_organizations(call: Call) -> rm.SearchOrganizationsResponse:
    """The organisations that the caller sees."""
    call.refuse("query")
    found = [one for one in [_organisation(call)] if call.allows("resourcemanager.organizations.get", one.name)]
    page, token = call.page(found, default=50, most=50)
    return rm.SearchOrganizationsResponse(organizations=page, next_page_token=token)


def get_organization(call: Call) -> rm.Organization:
    """The organisation of that name."""
    one = _organisation(call)
    if call.request.name != one.name or not call.allows("resourcemanager.organizations.get", one.name):
        raise denied("resourcemanager.organizations.get", call.request.name)
    return one


def search_folders(call: Call) -> rm.SearchFoldersResponse:
    """Every folder that the caller sees, or those under a parent."""
    found = [_folder(row) for row in call.ledger.folders]
    found = [one for one in found if call.allows("resourcemanager.folders.get", one.name)]
    page, token = call.page([one for one in found if _asked(call, one)], default=50, most=300)
    return rm.SearchFoldersResponse(folders=page, next_page_token=token)


def list_folders(call: Call) -> rm.ListFoldersResponse:
    """The folders directly under a parent."""
    call.require("resourcemanager.folders.list", call.request.parent)
    found = [_folder(row) for row in call.ledger.folders if row["parent"] == call.request.parent]
    page, token = call.page(found, default=50, most=300)
    return rm.ListFoldersResponse(folders=page, next_page_token=token)


def get_folder(call: Call) -> rm.Folder:
    """The folder of that name."""
    found = [row for row in call.ledger.folders if f"folders/{row['id']}" == call.request.name]
    if not found or not call.allows("resourcemanager.folders.get", call.request.name):
        raise denied("resourcemanager.folders.get", call.request.name)
    return _folder(found[0])


def search_projects(call: Call) -> rm.SearchProjectsResponse:
    """Every project that the caller sees, or those that the query means."""
    found = [
        _project(row)
        for row in call.ledger.projects
        if call.allows("resourcemanager.projects.get", f"projects/{row['id']}")
    ]
    page, token = call.page([one for one in found if _asked(call, one)], default=50, most=500)
    return rm.SearchProjectsResponse(projects=page, next_page_token=token)


def list_projects(call: Call) -> rm.ListProjectsResponse:
    """The projects directly under a parent."""
    call.require("resourcemanager.projects.list", call.request.parent)
    found = [_project(row) for row in call.ledger.projects if row["parent"] == call.request.parent]
    page, token = call.page(found, default=50, most=500)
    return rm.ListProjectsResponse(projects=page, next_page_token=token)


def get_project(call: Call) -> rm.Project:
    """The project of that id or number."""
    wanted = call.request.name.removeprefix("projects/")
    found = [row for row in call.ledger.projects if wanted in {row["id"], row["number"]}]
    if not found or not call.allows("resourcemanager.projects.get", f"projects/{found[0]['id']}"):
        raise denied("resourcemanager.projects.get", call.request.name)
    return _project(found[0])


def permissions(call: Call) -> iam_policy_pb2.TestIamPermissionsResponse:
    """Those of the permissions asked for that the caller has."""
    asked = list(call.request.permissions)
    if any("*" in one for one in asked):
        raise invalid("Permissions with wildcards (such as '*' or 'storage.*') are not allowed.")
    return iam_policy_pb2.TestIamPermissionsResponse(
        permissions=[one for one in asked if call.allows(one, call.request.resource)]
    )


def _asked(call: Call, one: Any) -> bool:
    """Whether a query means it: `state:`, `parent:`, `id:` and `labels.x:` joined by AND or blanks."""
    words = [word for word in call.request.query.replace('"', "").split() if word.upper() != "AND"]
    for word in words:
        key, sign, value = word.replace("=", ":", 1).partition(":")
        if not sign:
            raise unimplemented(f"{call.method} with the query {call.request.query}")
        if key.startswith("labels."):
            if value not in {"*", dict(one.labels).get(key.removeprefix("labels."))}:
                return False
            continue
        held = {"state": one.state.name, "lifecycleState": one.state.name, "parent": one.parent,
                "id": getattr(one, "project_id", ""), "projectId": getattr(one, "project_id", ""),
                "displayName": one.display_name, "name": one.display_name}  # fmt: skip
        if key not in held:
            raise unimplemented(f"{call.method} with the query {call.request.query}")
        if held[key] != value:
            return False
    return True


def list_effective_tags(call: Call) -> rm.ListEffectiveTagsResponse:
    """The tags of a project, own and inherited: those of `settings["tags"]`, project id -> key -> value."""
    project = call.request.parent.removeprefix("//cloudresourcemanager.googleapis.com/")
    found = get_project(replace(call, request=rm.GetProjectRequest(name=project)))
    call.require("resourcemanager.projects.get", project)
    tags = [
        rm.EffectiveTag(
            tag_key=f"tagKeys/{number}",
            namespaced_tag_key=f"{ORGANISATION}/{key}",
            tag_value=f"tagValues/{number}",
            namespaced_tag_value=f"{ORGANISATION}/{key}/{value}",
            tag_key_parent_name=f"organizations/{ORGANISATION}",
            inherited=True,
        )
        for number, (key, value) in enumerate(call.settings.get("tags", {}).get(found.project_id, {}).items(), 1)
    ]
    page, token = call.page(tags, default=100, most=300)
    return rm.ListEffectiveTagsResponse(effective_tags=page, next_page_token=token)


OPERATIONS: Final = {
    "Organizations.SearchOrganizations": search_organizations,
    "Organizations.GetOrganization": get_organization,
    "Organizations.TestIamPermissions": permissions,
    "Folders.SearchFolders": search_folders,
    "Folders.ListFolders": list_folders,
    "Folders.GetFolder": get_folder,
    "Folders.TestIamPermissions": permissions,
    "TagBindings.ListEffectiveTags": list_effective_tags,
    "Projects.SearchProjects": search_projects,
    "Projects.ListProjects": list_projects,
    "Projects.GetProject": get_project,
    "Projects.TestIamPermissions": permissions,
}
