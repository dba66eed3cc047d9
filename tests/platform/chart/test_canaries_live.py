"""Manifests held against running services: the load is answered, and every figure that is asked for is exported."""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from charts.rendering import render
from common.gateway import SERVICES
from standalone.generators.contract_load import FOLDER
from standalone.system.processes import ProcessSystem
from tests.platform.support.chart import ROOT, of_kind
from tests.platform.support.clusters import CLUSTERS, step
from tests.platform.support.promql import selectors
from tests.system import MIA, environment

SCRIPTS = ROOT / FOLDER
# What others export, and where that is said.
EXPORTED_ELSEWHERE = {
    "istio_requests_total": "istio.io/latest/docs/reference/config/metrics",
    "istio_request_duration_milliseconds_bucket": "istio.io/latest/docs/reference/config/metrics",
    "container_cpu_usage_seconds_total": "kubelet, cAdvisor",
    "container_memory_working_set_bytes": "kubelet, cAdvisor",
    "kube_pod_container_resource_limits": "kube-state-metrics, pod metrics",
}

# A metric with labels has no sample before its first event, but says that it is there, and of which kind.
ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


def new_key(system: ProcessSystem) -> str:
    command = [*MIA, "keys", "create", "load-test", "--scope", "write"]
    made = subprocess.run(
        command, env=environment(system.environment), capture_output=True, text=True, check=True, timeout=60
    )
    (key,) = re.findall(r"mia_\w{8}_[\w-]{43}", made.stdout)
    return key


def script(name: str, *arguments: str, key: str = "", folder: Path = SCRIPTS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(folder / name), *arguments],
        env={"PATH": os.environ["PATH"], "no_proxy": "*", **({"LOAD_TEST_KEY": key} if key else {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def of_elsewhere(name: str) -> bool:
    return name in EXPORTED_ELSEWHERE


async def metrics_of(port: int) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{port}/metrics")).text


def texts_counted(text: str) -> list[str]:
    return re.findall(r"^nlp_texts_\w+_total.*$", text, re.MULTILINE)


async def exported(port: int) -> set[str]:
    text = await metrics_of(port)
    declared = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
    return (
        {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
        | {name for name, _kind in declared}
        | {f"{name}{ending}" for name, kind in declared for ending in ENDINGS.get(kind, ())}
    )


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="curl and jq, as in the load tester's image"
)
async def test_the_load_is_answered_and_what_canaries_ask_for_is_exported(
    processes: ProcessSystem, tmp_path: Path
) -> None:
    key = await asyncio.to_thread(new_key, processes)
    # The services see a new key within some seconds; without one the script says what is missing.
    await asyncio.sleep(2.5)
    counted = texts_counted(await metrics_of(processes.ports["nlp"]))
    for service in SERVICES:
        address = f"http://127.0.0.1:{processes.ports[service.name]}"

        accepted = await asyncio.to_thread(script, "acceptance.sh", address, service.prefix, key=key)
        once = await asyncio.to_thread(script, "contract.sh", "once", address, service.name, key=key)
        again = await asyncio.to_thread(script, "contract.sh", "again", address, service.name, "1", key=key)

        assert (accepted.returncode, accepted.stderr) == (0, ""), accepted.stdout
        assert (once.returncode, once.stdout) == (0, "")
        assert (again.returncode, again.stdout) == (0, "")

    wrong = 'has("items")'
    lines = ("GET\t/nlp/v1/nothing\ttrue\n", f"GET\t/nlp/v1/analyses\t{wrong}\n")
    (tmp_path / "nlp.tsv").write_text("".join(lines), encoding="utf-8")
    shutil.copy(SCRIPTS / "contract.sh", tmp_path)
    address = f"http://127.0.0.1:{processes.ports['nlp']}"
    refused = await asyncio.to_thread(script, "contract.sh", "once", address, "nlp", key=key, folder=tmp_path)
    unknown = await asyncio.to_thread(script, "contract.sh", "once", address, "nlp", key="mia_00000000_wrong")
    without = await asyncio.to_thread(script, "contract.sh", "once", address, "nlp")
    nobody = await asyncio.to_thread(script, "acceptance.sh", "http://127.0.0.1:9", "/nlp", key=key)
    assert refused.returncode == 1
    assert refused.stdout.splitlines() == [
        "GET /nlp/v1/nothing answered 404",
        "GET /nlp/v1/analyses answered what the contract does not promise",
    ]
    assert unknown.returncode == 1
    assert "answered 401" in unknown.stdout
    assert "the Secret load-test has no api-key" in without.stderr
    assert nobody.returncode != 0

    assert counted
    assert texts_counted(await metrics_of(processes.ports["nlp"])) == counted, "the load is no news"
    metrics = {service.kubernetes_name: await exported(processes.ports[service.name]) for service in SERVICES}
    assert missing_figures(metrics) == []


def missing_figures(metrics: dict[str, set[str]]) -> list[str]:
    """Return every metric that a Canary or ScaledObject asks for and that neither its service nor anybody exports."""
    missing = []
    for cluster in CLUSTERS:
        templates = {
            item["metadata"]["name"]: item["spec"]["query"]
            for item in step(cluster, "configs")
            if item["kind"] == "MetricTemplate"
        }
        objects = render(cluster, {"keda": {"enabled": True}})
        for name, canary in of_kind(objects, "Canary").items():
            asked = [
                # Dead letters are counted by whoever hands over.
                (
                    templates[one["templateRef"]["name"]],
                    one.get("templateVariables", {}).get("senders", name).split("|"),
                )
                for one in canary["spec"]["analysis"]["metrics"]
                if "templateRef" in one
            ]
            triggers = of_kind(objects, "ScaledObject")[name]["spec"]["triggers"]
            asked += [(one["metadata"]["query"], [name]) for one in triggers if one["type"] == "prometheus"]
            read = {(metric, by) for query, exporters in asked for metric, _ in selectors(query) for by in exporters}
            assert read
            missing += [
                f"{name}: {one} of {by}" for one, by in read if one not in metrics[by] and not of_elsewhere(one)
            ]
    return missing
