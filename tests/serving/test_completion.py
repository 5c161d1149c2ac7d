from mcp import Client
from mcp.server import MCPServer
from mcp.types import ResourceTemplateReference

from serving.completion import complete_names

NAMES = ["ServiceName", "ServiceCategory", "tag:service", *(f"x_{number}" for number in range(150))]


async def test_names_that_contain_what_was_typed_are_offered_in_their_order():
    async def names() -> list[str]:
        return NAMES

    app = MCPServer("names")
    complete_names(app, "column", names)

    async with Client(app) as client:

        async def offered(argument: str, typed: str):
            reference = ResourceTemplateReference(type="ref/resource", uri="skyledger://values/{column}")
            return (await client.complete(reference, {"name": argument, "value": typed})).completion

        assert (await offered("column", "SERVICE")).values == ["ServiceName", "ServiceCategory", "tag:service"]
        many = await offered("column", "x_")
        assert (len(many.values), many.total, many.has_more) == (100, 150, True)
        assert (await offered("other", "service")).values == []
