"""Under which organisations, folders or projects things are looked for."""

from servers.gcp.live import Live


def scopes_of(live: Live) -> tuple[str, ...]:
    """The settings' scopes, else every organisation that we see, else every project; blocking.

    Raises:
        FinOpsError: Google refuses or fails.

    """
    if live.settings.scopes:
        return live.settings.scopes
    found = [str(one.name) for one in live.items("organizations", "search_organizations", {}, "organizations")]
    if not found:
        found = [f"projects/{one.project_id}" for one in live.items("projects", "search_projects", {}, "projects")]
    return tuple(sorted(found))
