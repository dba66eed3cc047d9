"""Every command, path, dashboard and metric that a runbook names is there."""

import itertools
import re
import shlex

import pytest

from charts.rendering import ENVIRONMENTS, NAMESPACE, rendered
from common.gateway import SERVICES
from standalone.commands.data import openapi_document
from tests.platform.support import monitoring
from tests.platform.support.chart import ROOT, of_kind

PAGE = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [shlex.split(line, comments=True) for block in BLOCKS for line in block.splitlines() if line.strip()]
NAMES = {service.kubernetes_name for service in SERVICES}
NAMESPACES = {NAMESPACE, "flux-system", "flagger-system"}
PATHS = {path for service in SERVICES for path in openapi_document(service.name)["paths"]}
VERBS = {"describe", "get", "label", "logs", "port-forward", "rollout", "top"}
OF_OTHERS = {("deployment", "flagger"), ("helmrelease", "market-impact")}


def of_program(program: str) -> list[list[str]]:
    return [command for command in COMMANDS if command[0] == program]


def known_objects() -> set[tuple[str, str]]:
    found = {("canary", name) for name in NAMES} | OF_OTHERS
    for environment in ENVIRONMENTS:
        for kind in ("Deployment", "Job", "HorizontalPodAutoscaler"):
            found |= {(kind.lower(), name) for name in of_kind(rendered(environment), kind)}
    return found


@pytest.mark.parametrize("command", of_program("kubectl"), ids=" ".join)
def test_a_kubectl_command_is_about_what_exists(command: list[str]) -> None:
    options = dict(itertools.pairwise(command))
    known = known_objects()
    kinds = {kind for kind, _ in known}

    assert command[1] in VERBS
    assert options.get("--namespace", NAMESPACE) in NAMESPACES
    assert "--namespace" in options or command[1:3] == ["label", "namespace"]
    for word in command:
        kind, slash, name = word.partition("/")
        if slash and kind in kinds:
            assert (kind, name) in known
    for kind, name in itertools.pairwise(command[2:]):
        if kind in kinds and not name.startswith("--"):
            assert (kind, name) in known
    if "--selector" in options:
        assert options["--selector"].removeprefix("mias.io/service=") in NAMES


def test_every_path_is_one_of_the_services() -> None:
    asked = set(re.findall(r"(?:\$GATEWAY|localhost:\d+)(/\w+/v1/[^\s\"?]+)", PAGE))
    asked |= {path.partition("?")[0] for path in re.findall(r"`(?:GET|POST|DELETE) (/[^`\s]+)`", PAGE)}
    patterns = [re.compile(re.sub(r"\{[^}]+\}", "ID", path)) for path in PATHS]

    assert len(asked) >= 8
    assert {path for path in asked if not any(pattern.fullmatch(path) for pattern in patterns)} == set()


def test_every_dashboard_is_there() -> None:
    titles = {monitoring.dashboard(path)["title"] for path in monitoring.DASHBOARDS}
    asked = set(re.findall(r"[Dd]ashboards? (?:(?:of )?)\*([A-Z][^*]+)\*", PAGE))

    assert asked
    assert asked <= titles


def test_every_section_is_of_an_alert_or_without_one_by_intention() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    cases = [heading for heading in headings if heading not in monitoring.alerting_rules()]

    assert len(headings) == len(set(headings))
    assert cases == [
        'A canary stays in "Progressing"',
        "Services do not reach each other through the mesh",
        "Flux does not reconcile",
    ]


def test_links_within_the_documentation_lead_somewhere() -> None:
    for page, fragment in re.findall(r"\]\((\w*(?:\.md)?)#([\w-]+)\)", PAGE):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8") if page else PAGE
        anchors = {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        assert fragment in anchors, (page, fragment)
