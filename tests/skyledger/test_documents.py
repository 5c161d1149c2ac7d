"""The pages say what is: every setting has its place, every path that they name exists, every example is read."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from orchestrator.business.config import (
    AccountRecord,
    BusinessConfig,
    CalendarConfig,
    Dimensions,
    SpendDefinition,
    Tags,
)
from orchestrator.invoices.judge import InvoiceState
from orchestrator.query.plan import BUILT_IN_SPEND
from orchestrator.settings import Freshness, Settings, Upstream, load_settings
from shared_models.settings_names import KNOWN
from tests.conftest import REPOSITORY

CONFIGURATION = REPOSITORY / "docs/configuration.md"
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
MODELS = (
    Settings,
    Upstream,
    Freshness,
    BusinessConfig,
    Dimensions,
    AccountRecord,
    Tags,
    CalendarConfig,
    SpendDefinition,
)
TOP = {path.name for path in REPOSITORY.iterdir()}
PATH = re.compile(r"`([\w./-]*[\w-]+/[\w./{},<>*-]*)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def expanded(path: str) -> Iterator[str]:
    if match := re.search(r"\{([^}]*)\}", path):
        for choice in match[1].split(","):
            yield from expanded(path[: match.start()] + choice + path[match.end() :])
    else:
        yield path


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_setting_is_in_the_page_of_the_configuration(model: type[BaseModel]) -> None:
    text = CONFIGURATION.read_text(encoding="utf-8")
    inside = {"business"}  # its fields stand at the top of the file
    missing = [name for name in model.model_fields if name not in inside and not re.search(rf"\b{name}\b", text)]

    assert missing == []


def test_every_variable_spend_and_invoice_state_is_in_the_page_of_the_configuration() -> None:
    text = CONFIGURATION.read_text(encoding="utf-8")

    assert [name for name in (*KNOWN, *BUILT_IN_SPEND, *InvoiceState) if f"`{name}`" not in text] == []


def test_the_examples_of_the_configuration_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "skyledger.toml").write_text("\n".join(blocks(CONFIGURATION)), encoding="utf-8")

    settings = load_settings({"SKYLEDGER_HOME": str(tmp_path)})

    named = {name for block in blocks(CONFIGURATION) for name in tomllib.loads(block)}
    assert named == {*Settings.model_fields, *BusinessConfig.model_fields} - {"home", "business"}
    assert settings.business.rates["month_end"].keys() == {"EUR/USD", "JPY/USD"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = {path for found in PATH.findall(text) for path in expanded(found) if path.split("/")[0] in TOP}
    concrete = {path for path in named if not re.search(r"[<>*]", path)}

    assert sorted(path for path in concrete if not (REPOSITORY / path).exists()) == []
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []
