"""The documentation tells what is there: every setting, command, metric and document."""

import json
import re
from pathlib import Path

import pytest
from typer.main import get_command

from common.gateway import SERVICES
from standalone.cli import app
from standalone.commands.data import openapi_document
from standalone.generators.settings_table import as_markdown, common_settings, own_settings

ROOT = Path(__file__).resolve().parents[3]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_the_settings_that_all_services_share_are_documented_as_they_are() -> None:
    assert as_markdown(common_settings()) in CONFIGURATION, "run `make configuration`"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_settings_of_a_service_are_documented_as_they_are(service) -> None:
    rows = own_settings(service)

    assert as_markdown(rows) in CONFIGURATION, "run `make configuration`"
    assert all(row.description.endswith((".", "`")) for row in rows), "a description is a sentence"


def test_every_command_appears_in_the_documentation() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])

    commands = get_command(app).commands  # type: ignore[attr-defined]
    missing = [name for name in commands if f"mia {name}" not in text]
    assert missing == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_committed_openapi_document_is_the_one_the_service_serves(service) -> None:
    committed = json.loads((ROOT / "contracts" / f"{service.name}.openapi.json").read_text(encoding="utf-8"))

    assert committed == json.loads(json.dumps(openapi_document(service.name))), "run `make contracts`"


def test_links_between_the_documents_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]

    assert broken == []
