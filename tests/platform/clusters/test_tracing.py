"""A collector of traces in staging: mesh, chart and collector call the same things by the same names."""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from charts.rendering import merged_values, rendered
from common.gateway import SERVICES
from tests.platform.support.api_server import APIServer, pods, refusals
from tests.platform.support.chart import JSON, ROOT, of_kind
from tests.platform.support.clusters import CLUSTERS, everything, releases, step
from tests.platform.support.programs import TOOLS, cluster_program

NAME = "otel-collector"
HOST = f"{NAME}.monitoring.svc.cluster.local"


def collector(kind: str) -> JSON:
    return of_kind(step("staging", "monitoring"), kind)[NAME]


def pod() -> JSON:
    spec: JSON = collector("Deployment")["spec"]["template"]["spec"]
    return spec


def configuration() -> JSON:
    """Return what the pod's volume brings."""
    (volume,) = pod()["volumes"]
    data = of_kind(step("staging", "monitoring"), "ConfigMap")[volume["configMap"]["name"]]["data"]
    (mount,) = pod()["containers"][0]["volumeMounts"]
    (file,) = data
    assert pod()["containers"][0]["args"] == [f"--config={mount['mountPath']}/{file}"]
    loaded: JSON = yaml.safe_load(data[file])
    return loaded


def test_sidecars_and_services_send_to_ports_at_which_the_collector_listens() -> None:
    ports = {one["name"]: one for one in collector("Service")["spec"]["ports"]}
    containers = {one["name"]: one["containerPort"] for one in pod()["containers"][0]["ports"]}
    protocols = configuration()["receivers"]["otlp"]["protocols"]
    (provider,) = releases("staging")["istiod"]["values"]["meshConfig"]["extensionProviders"]
    values = merged_values("staging")

    assert provider["opentelemetry"] == {"service": HOST, "port": ports["grpc-otlp"]["port"]}
    assert provider["opentelemetry"]["port"] == values["istio"]["tracingPort"]
    # By HTTP/1.1, which is what Istio takes a port for that says nothing, no span arrives.
    assert ports["grpc-otlp"]["appProtocol"] == "grpc"
    endpoint = urlsplit(values["tracing"]["endpoint"])
    assert (endpoint.scheme, endpoint.hostname, endpoint.port) == ("http", HOST, ports["http-otlp"]["port"])
    assert endpoint.port == values["tracing"]["port"]
    for port, protocol in (("grpc-otlp", "grpc"), ("http-otlp", "http")):
        listening = int(protocols[protocol]["endpoint"].rpartition(":")[2])
        assert listening == containers[ports[port]["targetPort"]]
    health = int(configuration()["extensions"]["health_check"]["endpoint"].rpartition(":")[2])
    probes = [pod()["containers"][0][f"{kind}Probe"]["httpGet"] for kind in ("readiness", "liveness")]
    assert [containers[one["port"]] for one in probes] == [health, health]
    assert (
        collector("Service")["spec"]["selector"].items()
        <= collector("Deployment")["spec"]["template"]["metadata"]["labels"].items()
    )


def test_the_mesh_records_what_its_callers_record() -> None:
    """A share would be drawn anew at each pass of the gateway, by an identifier that it makes anew."""
    (telemetry,) = of_kind(everything("staging"), "Telemetry").values()

    assert telemetry["spec"]["tracing"][0]["randomSamplingPercentage"] == 100


def test_it_is_outside_the_mesh() -> None:
    """Else a span of a sidecar would come by mutual TLS, and one of the collector's sidecar with each of them."""
    (namespace,) = [one for one in step("staging", "namespaces") if one["metadata"]["name"] == "monitoring"]

    assert "istio-injection" not in namespace["metadata"]["labels"]
    assert not [one for one in of_kind(everything("staging"), "DestinationRule").values() if HOST in str(one["spec"])]


def test_every_sidecar_of_a_service_is_told_of_the_collector() -> None:
    for sidecar in of_kind(rendered("staging"), "Sidecar").values():
        assert "monitoring/*" in sidecar["spec"]["egress"][0]["hosts"]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_services_are_traced_where_there_is_a_collector_and_nowhere_else(cluster: str) -> None:
    configs = of_kind(rendered(cluster), "ConfigMap")
    endpoints = [configs[one.kubernetes_name]["data"].get("OTEL_EXPORTER_OTLP_ENDPOINT") for one in SERVICES]
    is_there = NAME in of_kind(everything(cluster), "Deployment")

    assert is_there == (cluster == "staging")
    assert endpoints == [f"http://{HOST}:4318" if is_there else None] * len(SERVICES)


def test_memory_is_limited_first_and_spans_leave_in_batches_for_the_address_of_the_environment() -> None:
    pipeline = configuration()["service"]["pipelines"]["traces"]
    (sender,) = pipeline["exporters"]
    (source,) = pod()["containers"][0]["envFrom"]
    address = of_kind(step("staging", "monitoring"), "ConfigMap")[source["configMapRef"]["name"]]["data"]

    assert pipeline["processors"] == ["memory_limiter", "batch"]
    (variable,) = re.findall(r"^\$\{env:(\w+)\}$", configuration()["exporters"][sender]["endpoint"])
    assert urlsplit(address[variable]).scheme == "https"
    base = yaml.safe_load_all((ROOT / "clusters/base/tracing/collector.yaml").read_text(encoding="utf-8"))
    assert address != next(base)["data"], "staging says its own"


def test_the_collector_that_tests_run_is_of_the_version_that_staging_runs() -> None:
    module = (TOOLS / "otelcol" / "go.mod").read_text(encoding="utf-8")
    (version,) = re.findall(r"^\tgo.opentelemetry.io/collector/otelcol v(\S+)$", module, re.MULTILINE)

    (container,) = pod()["containers"]
    assert container["image"].rpartition("/")[2] == f"opentelemetry-collector:{version}"


def test_the_real_collector_takes_the_configuration_and_refuses_a_mistaken_one(tmp_path: Path) -> None:
    def checked(configured: JSON) -> "subprocess.CompletedProcess[str]":
        file = tmp_path / "config.yaml"
        file.write_text(yaml.safe_dump(configured), encoding="utf-8")
        command = [cluster_program("otelcol"), "validate", f"--config={file}"]
        variables = {**os.environ, "TRACES_ENDPOINT": "https://traces.example.com"}
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)

    sound = checked(configuration())
    assert sound.returncode == 0, sound.stderr
    mistaken = configuration()
    mistaken["processors"]["batch"]["timeoutt"] = "1s"
    assert "has invalid keys: timeoutt" in checked(mistaken).stderr


def test_the_collectors_pod_is_restricted_though_its_namespace_is_not(server: APIServer) -> None:
    (made,) = json.loads(json.dumps(pods([collector("Deployment")])))
    made["metadata"]["namespace"] = "financial-news"

    assert refusals(server, [made]) == []
    made["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    assert len(refusals(server, [made])) == 1
