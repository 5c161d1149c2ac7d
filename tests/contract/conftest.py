"""One cloud's server after the other over the same sample organisation, as any client sees it."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.server import MCPServer

from servers.kit.settings import Settings
from servers.sample.generate import generate
from skyledger.clouds import CLOUDS, build_cloud


@dataclass(frozen=True)
class Asked:
    """A client of one cloud's server; tools are named without the cloud's prefix."""

    name: str
    client: Client
    schemas: dict[str, Draft202012Validator]

    async def answer(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The answer: both channels equal, and within the schema that the tool declares."""
        result = await self.client.call_tool(f"{self.name}_{tool}", arguments)
        assert not result.is_error, result.content[0].text
        assert json.loads(result.content[0].text) == result.structured_content
        self.schemas[f"{self.name}_{tool}"].validate(result.structured_content)
        return result.structured_content

    async def refusal(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The error of a call that has to fail, in the unified form."""
        result = await self.client.call_tool(f"{self.name}_{tool}", arguments)
        assert result.is_error, result.content[0].text
        error = json.loads(result.content[0].text)["error"]
        assert set(error) == {"code", "message", "hint", "details", "trace_id"}
        return error

    async def every_item(self, tool: str, **arguments: Any) -> list[dict[str, Any]]:
        """The items of all pages, each of which keeps to its limit."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self.answer(tool, **arguments, **({"cursor": cursor} if cursor else {}))
            items += page["data"]
            assert len(page["data"]) <= arguments.get("limit", 200)
            assert len(items) <= page["pagination"]["total_estimate"]
            cursor = page["pagination"].get("next_cursor")
            assert page["pagination"]["has_more"] is (cursor is not None)
            if cursor is None:
                assert len(items) == page["pagination"]["total_estimate"]
                return items


@dataclass(frozen=True)
class Cloud:
    """One cloud's server, and the folder that it serves."""

    name: str
    folder: Path | None
    app: MCPServer[Any]

    @asynccontextmanager
    async def asked(self) -> AsyncGenerator[Asked, None]:
        """A client of this server."""
        async with Client(self.app) as client:
            tools = (await client.list_tools()).tools
            yield Asked(self.name, client, {t.name: Draft202012Validator(t.output_schema) for t in tools})


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three thousand line items over three months."""
    folder = tmp_path_factory.mktemp("contract") / "sample"
    generate(folder, rows=3_000, months=3)
    return folder


@pytest.fixture(params=CLOUDS)
def cloud(request: pytest.FixtureRequest, organisation: Path) -> Cloud:
    """A cloud with everything that the sample organisation has."""
    name, folder = request.param, organisation / request.param
    settings = Settings(home=organisation.parent / "home", exports=folder)
    return Cloud(name, folder, build_cloud(name, settings))


@pytest.fixture(params=CLOUDS)
def bare_cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Cloud:
    """A cloud that nobody has pointed at any data."""
    return Cloud(request.param, None, build_cloud(request.param, Settings(home=tmp_path)))
