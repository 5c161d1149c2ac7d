"""Tool: what one server offers, under which identity, and how fresh it is."""

from servers.kit.deps import Deps
from servers.kit.exported.cloud import no_forecast
from shared_models.coverage import Gap, SourceState
from shared_models.server_card import Port, ServerCard


async def describe_server(deps: Deps) -> ServerCard:
    """The cloud's connection: identity, billing accounts, regions, sources and how fresh they are, what is not offered
    and why, and what to do next. Call it first when an answer is missing or looks old.
    """
    cloud = deps.cloud
    identity = await cloud.identity()
    offers = cloud.offers()
    missing = tuple(port for port in Port if not offers.get(port, False))
    return ServerCard(
        server=f"skyledger-{cloud.name}",
        version=deps.version,
        provider=cloud.name,
        mode=cloud.mode,
        identity=identity.principal,
        access=await cloud.access(),
        billing_account_ids=identity.billing_account_ids,
        sub_accounts=identity.sub_accounts,
        regions=identity.regions,
        offers=tuple(port for port in Port if offers.get(port, False)),
        not_offered=tuple(
            Gap(
                source=cloud.name,
                state=SourceState.NOT_OFFERED,
                code="source_not_enabled",
                message=f"{port.value} is not in the configured source",
                hint=_hint(cloud.name, port),
            )
            for port in missing
        ),
        freshness=tuple(fresh for port in Port if offers.get(port, False) for fresh in cloud.freshness(port)),
        purses=await cloud.purses(),
        next_steps=_next_steps(cloud.name) if Port.COSTS in missing else (),
    )


def _hint(cloud: str, port: Port) -> str:
    if port in {Port.COSTS, Port.EXPORTS}:
        return f"Set SKYLEDGER_{cloud.upper()}_EXPORTS to a folder with costs/."
    if port is Port.FORECAST:
        return no_forecast(cloud)
    return f"Put {port.value}.parquet beside costs/."


def _next_steps(cloud: str) -> tuple[str, ...]:
    return (
        f"Set SKYLEDGER_{cloud.upper()}_EXPORTS=/path/to/{cloud} (bills below costs/) and start again.",
        "Or start with --sample to try the sample organisation.",
    )
