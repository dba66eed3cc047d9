"""Every command on the operations page is about something that exists."""

import itertools
import re
import shlex

import pytest
import yaml
from prometheus_client import CollectorRegistry
from typer.main import get_command

from common.gateway import SERVICES
from common.outbox import OutboxMetrics
from standalone.cli import app
from tests.platform.chart import CHART, ENVIRONMENTS, NAMESPACE, RELEASE, ROOT, of_kind, rendered

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
# `helm install` alone is the name of a command, not one to type.
INLINE = [code for code in re.findall(r"`((?:kubectl|helm|mia) [^`\n]+)`", PAGE) if len(code.split()) > 2]
LINES = [line.strip() for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
COMMANDS = [shlex.split(line, comments=True) for line in LINES + INLINE if line]
KINDS = {
    "deployment": "Deployment",
    "job": "Job",
    "service": "Service",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler",
}


def of_program(program: str) -> list[list[str]]:
    return [command for command in COMMANDS if command[0] == program]


def after(command: list[str], option: str) -> list[str]:
    return [following for name, following in itertools.pairwise(command) if name == option]


def existing(kind: str) -> set[str]:
    names = {name for environment in ENVIRONMENTS for name in of_kind(rendered(environment), kind)}
    # Flagger's copies of the workloads.
    return names | ({f"{name}-primary" for name in names} if kind == "Deployment" else set())


def test_the_page_has_commands_of_every_program() -> None:
    assert {command[0] for command in COMMANDS} >= {"helm", "kubectl", "docker", "curl", "make"}


@pytest.mark.parametrize("command", of_program("helm"), ids=" ".join)
def test_a_helm_command_is_about_this_chart_and_release(command: list[str]) -> None:
    verb, *rest = command[1:]

    assert verb in {"template", "install", "upgrade", "test", "history", "rollback"}
    assert rest[0] == RELEASE
    assert after(command, "--namespace") == [NAMESPACE]
    assert all((ROOT / path).exists() for path in rest if path.startswith("charts/"))
    assert rest[1] == str(CHART.relative_to(ROOT)) or verb in {"test", "history", "rollback"}
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for assignment in after(command, "--set"):
        block, _, key = assignment.partition("=")[0].partition(".")
        assert key in values[block]


@pytest.mark.parametrize("command", of_program("kubectl"), ids=" ".join)
def test_a_kubectl_command_is_about_objects_that_exist(command: list[str]) -> None:
    own, _, inside = " ".join(command).partition(" -- ")
    words = own.split()

    assert words[1] in {"create", "label", "rollout", "logs", "exec", "get", "port-forward", "top"}
    assert after(words, "--namespace") == [NAMESPACE] or "namespace" in words
    for word in words:
        kind, slash, name = word.partition("/")
        if slash and kind in KINDS:
            assert name in existing(KINDS[kind])
    for kind, name in itertools.pairwise(words):
        if kind in KINDS and not name.startswith("--"):
            assert name in existing(KINDS[kind])
    assert set(after(words, "--container")) <= {"app"}
    for selector in after(words, "--selector"):
        assert selector in {f"mias.io/service={service.kubernetes_name}" for service in SERVICES}
    if inside:
        assert inside.split()[0] == "mia"


def test_every_command_of_mia_exists() -> None:
    known = get_command(app).commands  # type: ignore[attr-defined]
    inside = [command[command.index("mia") :] for command in COMMANDS if "mia" in command]
    inside += [code.split() for code in re.findall(r"`(mia [^`\n]+)`", PAGE)]

    assert len(inside) > 5
    for command in inside:
        assert command[1] in known
        if command[1] == "keys":
            assert command[2] in known["keys"].commands


def test_every_metric_and_log_event_of_the_runbook_is_there() -> None:
    registry = CollectorRegistry()
    OutboxMetrics(registry)
    exported = {sample.name for metric in registry.collect() for sample in metric.samples}
    source = (ROOT / "libs" / "common" / "outbox.py").read_text(encoding="utf-8")

    metrics, events = set(re.findall(r"`(outbox_\w+)`", PAGE)), set(re.findall(r"`(handover_\w+)`", PAGE))

    assert len(metrics) >= 4
    assert {name for name in metrics if name not in exported and f"{name}_bucket" not in exported} == set()
    assert events
    assert {name for name in events if f'"{name}"' not in source} == set()


def test_every_make_target_and_value_of_the_page_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for command in of_program("make"):
        assert f"\n{command[1]}:" in makefile


def test_every_secret_lies_in_the_namespace() -> None:
    secrets = [command for command in of_program("kubectl") if command[1:3] == ["create", "secret"]]

    assert len(secrets) == 4
    assert all(after(command, "--namespace") == [NAMESPACE] for command in secrets)
