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
    text = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

    commands = get_command(app).commands  # type: ignore[attr-defined]
    missing = [name for name in commands if f"mia {name}" not in text]
    assert missing == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_committed_openapi_document_is_the_one_the_service_serves(service) -> None:
    committed = json.loads((ROOT / "contracts" / f"{service.name}.openapi.json").read_text(encoding="utf-8"))

    assert committed == json.loads(json.dumps(openapi_document(service.name))), "run `make contracts`"


DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]


def links_of(document: Path) -> list[tuple[Path, str]]:
    """Return the file and the fragment of every link of `document` to another one or to itself."""
    found = re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", document.read_text(encoding="utf-8"))
    return [((document.parent / target).resolve() if target else document, fragment) for target, fragment in found]


def anchors_of(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_between_the_documents_lead_somewhere(document: Path) -> None:
    broken = [
        (str(target), fragment)
        for target, fragment in links_of(document)
        if not target.exists() or (fragment and fragment not in anchors_of(target))
    ]

    assert broken == []


def test_the_index_of_operations_names_every_page() -> None:
    folder = ROOT / "docs" / "operations"
    named = {target.name for target, _ in links_of(folder / "README.md") if target.parent == folder}

    assert named == {page.name for page in folder.glob("*.md")} - {"README.md"}
