"""Every command on the pages on operations is about something that exists."""

import itertools
import json
import re
import shlex

import pytest
import yaml
from prometheus_client import CollectorRegistry
from typer.main import get_command

from charts.rendering import CHART, ENVIRONMENTS, NAMESPACE, RELEASE, merged_values, rendered
from common.gateway import SERVICES
from common.handover.relay import OutboxMetrics
from standalone.cli import app
from tests.platform.support.chart import ROOT, of_kind
from tests.platform.support.clusters import STEPS, built, releases, step, steps

PAGES = sorted((ROOT / "docs" / "operations").glob("*.md"))
PAGE = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
BLOCKS = re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
# `helm install` alone is the name of a command, not one to type.
INLINE = [code for code in re.findall(r"`((?:kubectl|helm|mia|flux|sops) [^`\n]+)`", PAGE) if len(code.split()) > 2]
LINES = [line.strip() for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
COMMANDS = [shlex.split(line, comments=True) for line in LINES + INLINE if line]
KINDS = {
    "deployment": "Deployment",
    "job": "Job",
    "service": "Service",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler",
    "canary": "Canary",
}

# By the charts of Flagger and its load tester, of Kiali, and of kube-prometheus-stack under our release's name.
MADE_BY_OTHERS = {
    "Deployment": {"flagger", "flagger-loadtester"},
    "Service": {"kiali", "monitoring-grafana", "monitoring-kube-prometheus-prometheus"},
}
CONTAINERS = {"app", "istio-proxy", "flagger", "loadtester"} | {service.kubernetes_name for service in SERVICES}


def of_program(program: str) -> list[list[str]]:
    return [command for command in COMMANDS if command[0] == program]


def after(command: list[str], option: str) -> list[str]:
    return [following for name, following in itertools.pairwise(command) if name == option]


def existing(kind: str) -> set[str]:
    names = {name for environment in ENVIRONMENTS for name in of_kind(rendered(environment), kind)}
    names |= set(of_kind(step("staging", "monitoring"), kind))
    # Flagger's copies of the workloads, and what the charts of others make.
    return (
        names
        | ({f"{name}-primary" for name in names} if kind == "Deployment" else set())
        | MADE_BY_OTHERS.get(kind, set())
    )


def test_the_pages_have_commands_of_every_program() -> None:
    assert {command[0] for command in COMMANDS} >= {"helm", "kubectl", "docker", "curl", "make", "flux", "sops"}


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
        assert key.partition(".")[0] in values[block]


@pytest.mark.parametrize("command", of_program("kubectl"), ids=" ".join)
def test_a_kubectl_command_is_about_objects_that_exist(command: list[str]) -> None:
    own, _, inside = " ".join(command).partition(" -- ")
    words = own.split()

    verbs = {"create", "label", "rollout", "logs", "exec", "get", "port-forward", "top", "apply", "describe", "delete"}
    assert words[1] in verbs
    namespaces = set(of_kind(built("clusters/base/namespaces"), "Namespace")) | {"flux-system"}
    assert set(after(words, "--namespace")) <= namespaces
    assert after(words, "--namespace") or {"namespace", "apply"} & set(words)
    assert all(built(folder) for folder in after(words, "--kustomize"))
    for word in words:
        kind, slash, name = word.partition("/")
        if slash and kind in KINDS:
            assert name in existing(KINDS[kind])
    for kind, name in itertools.pairwise(words):
        if kind in KINDS and not name.startswith("--"):
            assert name in existing(KINDS[kind])
    assert set(after(words, "--container")) <= CONTAINERS
    for selector in after(words, "--selector"):
        assert selector in {f"mias.io/service={service.kubernetes_name}" for service in SERVICES}
    if inside:
        assert inside.split()[0] in {"mia", "curl"}
        if "localhost:8080" in inside:
            gate, name = (
                re.search(r"8080(/\S+)$", inside).group(1),
                re.search(r'"name":"([\w-]+)"', " ".join(command)).group(1),
            )
            assert gate in {f"/{what}/{how}" for what in ("gate", "rollback") for how in ("open", "close")}
            assert name in existing("Canary")


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
    handover = ROOT / "libs" / "common" / "handover"
    source = "".join((handover / name).read_text(encoding="utf-8") for name in ("neighbour.py", "verdicts.py"))

    metrics, events = set(re.findall(r"`(outbox_\w+)`", PAGE)), set(re.findall(r"`(handover_\w+)`", PAGE))

    assert len(metrics) >= 4
    assert {name for name in metrics if name not in exported and f"{name}_bucket" not in exported} == set()
    assert events
    assert {name for name in events if f'"{name}"' not in source} == set()


def test_every_make_target_and_value_of_the_page_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for command in of_program("make"):
        targets = [word for word in command[1:] if "=" not in word]
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_secret_lies_in_the_namespace() -> None:
    secrets = [command for command in of_program("kubectl") if command[1:3] == ["create", "secret"]]

    assert len([one for one in secrets if after(one, "--namespace") == [NAMESPACE]]) == 5
    for_flux = {command[4] for command in secrets if after(command, "--namespace") == ["flux-system"]}
    assert for_flux == {"sops-age", "flux-system"}
    assert steps("staging")["secrets"]["decryption"]["secretRef"]["name"] in for_flux


@pytest.mark.parametrize("command", of_program("flux"), ids=" ".join)
def test_a_flux_command_is_about_objects_that_flux_applies(command: list[str]) -> None:
    assert command[1] in {"check", "install", "get", "reconcile", "suspend", "resume", "logs"}
    assert set(after(command, "--namespace")) <= {"flux-system"}
    kinds = {"kustomization": steps("staging"), "helmrelease": releases("staging"), "git": {"flux-system": None}}
    named = [(kind, name) for kind, name in itertools.pairwise(command) if kind in kinds and not name.startswith("--")]
    assert all(name in kinds[kind] for kind, name in named)
    assert named or command[1] not in {"reconcile", "suspend", "resume"}
    if command[1] == "get":
        assert command[2] in {"kustomizations", "helmreleases", "sources"}


@pytest.mark.parametrize("command", of_program("sops"), ids=" ".join)
def test_a_sops_command_is_about_a_secret_of_an_environment(command: list[str]) -> None:
    assert command[1] in {"encrypt", "edit"}
    assert (ROOT / command[-1]).is_file()
    assert command[-1].startswith("clusters/")


def test_the_page_counts_what_there_is() -> None:
    numbers = {"four": 4, "eight": 8, "ten": 10}

    assert numbers[re.search(r"# all (\w+): True, Applied", PAGE).group(1)] == len(steps("staging"))
    assert numbers[re.search(r"# all (\w+): True, Helm", PAGE).group(1)] == len(releases("staging"))
    assert numbers[re.search(r"# (\w+): Initialized", PAGE).group(1)] == len(SERVICES)
    (weights,) = re.findall(r"Progressing ([\d, ]+);", PAGE)
    assert json.loads(f"[{weights}]") == merged_values("staging")["flagger"]["stepWeights"]


def test_the_page_explains_every_step_and_every_secret() -> None:
    assert all(f"| `{name}` |" in PAGE for name in STEPS)
    secrets = {item["metadata"]["name"] for item in step("staging", "secrets")}
    assert all(f"`{name}`" in PAGE for name in secrets)


@pytest.mark.parametrize("file", re.findall(r"`((?:clusters|tests|charts)/[\w./-]+)`", PAGE))
def test_every_file_of_the_page_exists(file: str) -> None:
    assert (ROOT / file).exists()
