"""What the clusters hold fits together: names, Secrets, who is in the mesh, what is scraped, what drifts."""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from charts.rendering import NAMESPACE, RELEASE, merged_values, rendered
from tests.platform.support.chart import JSON, ROOT, of_kind
from tests.platform.support.clusters import CLUSTERS, STEPS, everything, releases, step, steps
from tests.platform.support.programs import program

EVERY_CLUSTER = pytest.mark.parametrize("cluster", CLUSTERS)


@EVERY_CLUSTER
def test_no_secret_is_in_clear_and_the_cluster_can_read_them(cluster: str) -> None:
    secrets = of_kind(everything(cluster), "Secret")
    (recipient,) = re.findall(r"age: (age1\w+)", (ROOT / ".sops.yaml").read_text(encoding="utf-8"))

    assert secrets
    for name, item in secrets.items():
        values = {**item.get("data", {}), **item.get("stringData", {})}
        assert values
        assert all(value.startswith("ENC[AES256_GCM,") for value in values.values()), name
        assert [one["recipient"] for one in item["sops"]["age"]] == [recipient]
    assert steps(cluster)["secrets"]["decryption"] == {"provider": "sops", "secretRef": {"name": "sops-age"}}
    assert {item["kind"] for item in step(cluster, "secrets")} == {"Secret"}
    assert not [item for name in STEPS if name != "secrets" for item in step(cluster, name) if item["kind"] == "Secret"]


@EVERY_CLUSTER
def test_a_changed_secret_is_no_release_to_flagger(cluster: str) -> None:
    """Every Secret that a pod under a Canary uses is read as it is, by the primary too."""
    used = set(
        re.findall(r'"(?:secretKeyRef|secret)": {"(?:key": "[^"]+", ")?name": "([^"]+)"', json.dumps(rendered(cluster)))
    )
    secrets = {item["metadata"]["name"]: item["metadata"] for item in step(cluster, "secrets")}

    assert {"db-credentials", "redis-credentials", "service-token", "secrets-key"} <= used <= set(secrets)
    for name in used:
        assert secrets[name]["annotations"] == {"flagger.app/config-tracking": "disabled"}, name


@EVERY_CLUSTER
def test_every_secret_and_config_map_that_is_named_is_made_with_its_keys(cluster: str) -> None:
    items = everything(cluster)
    keys = {
        (item["metadata"]["namespace"], item["kind"], item["metadata"]["name"]): {
            *item.get("data", {}),
            *item.get("stringData", {}),
        }
        for item in items
        if item["kind"] in {"Secret", "ConfigMap"}
    }
    used = set()

    def has(namespace: str, kind: str, name: str, *wanted: str) -> None:
        assert set(wanted) <= keys[namespace, kind, name], (kind, name)
        used.add((namespace, kind, name))

    for name in re.findall(r'"secretKeyRef": ({[^}]+})', json.dumps(rendered(cluster))):
        reference = json.loads(name)
        has(NAMESPACE, "Secret", reference["name"], reference["key"])
    for name, key in re.findall(
        r'"secret": {"name": "([^"]+)", "items": \[{"key": "([^"]+)"', json.dumps(rendered(cluster))
    ):
        has(NAMESPACE, "Secret", name, key)
    values = {name: spec.get("values", {}) for name, spec in releases(cluster).items()}
    grafana = values["monitoring"]["grafana"]["admin"]
    has("monitoring", "Secret", grafana["existingSecret"], grafana["userKey"], grafana["passwordKey"])
    for config in of_kind(items, "AlertmanagerConfig").values():
        for found in re.findall(r'"(?:credentials|urlSecret)": ({[^}]+})', json.dumps(config)):
            reference = json.loads(found)
            has(config["metadata"]["namespace"], "Secret", reference["name"], reference["key"])
    tester = values["flagger-loadtester"]
    (key,) = [one["valueFrom"]["secretKeyRef"] for one in tester["env"]]
    has(NAMESPACE, "Secret", key["name"], key["key"])
    has(NAMESPACE, "ConfigMap", tester["volumes"][0]["configMap"]["name"])
    for provider in of_kind(items, "Provider").values():
        has(provider["metadata"]["namespace"], "Secret", provider["spec"]["secretRef"]["name"], "headers")
    for receiver in of_kind(items, "Receiver").values():
        has(receiver["metadata"]["namespace"], "Secret", receiver["spec"]["secretRef"]["name"], "token")
    gateway = of_kind(items, "Gateway")["public"]
    credential = next(
        one["tls"]["credentialName"] for one in gateway["spec"]["servers"] if "credentialName" in one.get("tls", {})
    )
    has("istio-ingress", "Secret", credential, "tls.crt", "tls.key")

    assert {one for one in keys if one[1] == "Secret"} - used == set(), "no Secret is made for nothing"


@EVERY_CLUSTER
def test_pods_of_people_are_restricted_and_those_of_the_services_are_in_the_mesh(cluster: str) -> None:
    labels = {name: item["metadata"]["labels"] for name, item in of_kind(everything(cluster), "Namespace").items()}

    level = {name: one["pod-security.kubernetes.io/enforce"] for name, one in labels.items()}
    assert {name for name, one in level.items() if one != "restricted"} == {"istio-system", "monitoring"}
    injected = {name for name, one in labels.items() if one.get("istio-injection") == "enabled"}
    assert {NAMESPACE, "istio-ingress", "flagger-system"} <= injected
    for name in ("flagger", "flagger-loadtester"):
        context = releases(cluster)[name]["values"]["securityContext"]["context"]
        assert context["runAsNonRoot"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["allowPrivilegeEscalation"] is False
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}


@EVERY_CLUSTER
def test_chart_and_cluster_call_the_same_things_by_the_same_names(cluster: str) -> None:
    items, values = everything(cluster), merged_values(cluster)
    gateways = of_kind(items, "Gateway")
    release = releases(cluster)["istio-ingress"]
    tester = releases(cluster)["flagger-loadtester"]["values"]
    name = values["flagger"]["loadTesterServiceAccount"]

    assert set(values["gateway"]["resources"]) == {f"{values['gateway']['namespace']}/{door}" for door in gateways}
    for gateway in gateways.values():
        assert gateway["metadata"]["namespace"] == values["gateway"]["namespace"] == release["targetNamespace"]
        assert gateway["spec"]["selector"] == values["gateway"]["podLabels"] == release["values"]["labels"]
    assert release["values"]["name"] == values["gateway"]["serviceAccount"]
    assert {host for server in servers(items) for host in server["hosts"]} == set(values["gateway"]["hosts"])
    assert name == tester["nameOverride"] == tester["fullnameOverride"] == tester["serviceAccountName"]
    assert name in of_kind(items, "ServiceAccount")
    assert releases(cluster)["flagger"]["targetNamespace"] == values["flagger"]["namespace"]
    assert releases(cluster)["flagger"]["releaseName"] == values["flagger"]["serviceAccount"]
    assert values["keda"]["prometheus"] == releases(cluster)["flagger"]["values"]["metricsServer"]
    prometheus = {one["spec"]["provider"]["address"] for one in of_kind(items, "MetricTemplate").values()}
    assert prometheus == {values["keda"]["prometheus"]}
    providers = releases(cluster)["istiod"]["values"]["meshConfig"]["extensionProviders"]
    (telemetry,) = of_kind(items, "Telemetry").values()
    assert telemetry["spec"]["tracing"][0]["providers"] == [{"name": one["name"]} for one in providers]


def servers(items: list[JSON]) -> list[JSON]:
    return [server for gateway in of_kind(items, "Gateway").values() for server in gateway["spec"]["servers"]]


@EVERY_CLUSTER
def test_nothing_is_answered_that_comes_in_the_clear(cluster: str) -> None:
    (strict,) = of_kind(everything(cluster), "PeerAuthentication").values()

    assert strict["metadata"]["namespace"] == "istio-system", "the root namespace: the whole mesh"
    assert strict["spec"] == {"mtls": {"mode": "STRICT"}}
    for server in servers(everything(cluster)):
        assert server["port"]["protocol"] == "HTTPS" or server["tls"] == {"httpsRedirect": True}


@EVERY_CLUSTER
def test_services_call_each_other_by_mutual_tls_at_a_door_that_no_public_one_leads_to(cluster: str) -> None:
    items, called = everything(cluster), urlsplit(merged_values(cluster)["gateway"]["url"])
    (door,) = [server for server in servers(items) if called.hostname in server["hosts"]]
    others = [server["port"]["number"] for server in servers(items) if server is not door]
    service = of_kind(items, "Service")["internal-gateway"]
    rule = of_kind(items, "DestinationRule")["internal-gateway"]["spec"]

    assert door["tls"] == {"mode": "ISTIO_MUTUAL"}
    assert door["hosts"] == [called.hostname]
    assert door["port"]["number"] == called.port == merged_values(cluster)["gateway"]["port"]
    assert called.port not in others
    assert called.hostname == f"internal-gateway.{service['metadata']['namespace']}.svc.cluster.local"
    # Plain HTTP for the service; by the rule its sidecar makes mutual TLS of it, under the name that the door expects.
    assert service["spec"]["ports"] == [
        {"name": "http", "port": called.port, "targetPort": called.port, "appProtocol": "http"}
    ]
    assert service["spec"]["selector"] == merged_values(cluster)["gateway"]["podLabels"]
    assert rule["host"] == called.hostname
    assert rule["trafficPolicy"]["tls"] == {"mode": "ISTIO_MUTUAL", "sni": called.hostname}


@EVERY_CLUSTER
def test_who_is_outside_the_mesh_comes_by_the_public_door_and_its_certificate(cluster: str) -> None:
    (public,) = [server for server in servers(everything(cluster)) if server["tls"].get("mode") == "SIMPLE"]
    (flux,) = of_kind(everything(cluster), "Provider").values()

    assert flux["spec"]["address"] == f"https://{public['hosts'][0]}/alerts/v1/integrations/flux"


@EVERY_CLUSTER
def test_prometheus_sees_monitors_of_every_namespace_and_nobody_has_a_known_password(cluster: str) -> None:
    values = releases(cluster)["monitoring"]["values"]
    spec = values["prometheus"]["prometheusSpec"]

    nil_uses_helm_values = {key: value for key, value in spec.items() if key.endswith("SelectorNilUsesHelmValues")}
    assert nil_uses_helm_values == dict.fromkeys(
        (
            "podMonitorSelectorNilUsesHelmValues",
            "serviceMonitorSelectorNilUsesHelmValues",
            "ruleSelectorNilUsesHelmValues",
        ),
        False,
    )
    assert "adminPassword" not in values["grafana"]
    assert values["grafana"]["admin"]["existingSecret"]


@EVERY_CLUSTER
def test_pods_in_the_mesh_are_scraped_by_their_sidecars(cluster: str) -> None:
    """Their own ports are closed to Prometheus, which is not in the mesh."""
    items = everything(cluster)
    namespaces = of_kind(items, "Namespace").values()
    meshed = {one["metadata"]["name"] for one in namespaces if "istio-injection" in one["metadata"]["labels"]}
    monitors = [one for one in items if one["kind"] == "PodMonitor"]
    watched = set()
    for one in monitors:
        names = one["spec"].get("namespaceSelector", {}).get("matchNames", [one["metadata"]["namespace"]])
        watched |= set(names)
        (endpoint,) = one["spec"]["podMetricsEndpoints"]
        if set(names) & meshed:
            assert (endpoint["port"], endpoint["path"]) == ("http-envoy-prom", "/stats/prometheus")

    assert meshed <= watched
    assert not [name for name, one in releases(cluster).items() if one.get("values", {}).get("podMonitor")]
    assert not [item for item in items if item["kind"] == "ServiceMonitor"]


@EVERY_CLUSTER
def test_what_flux_cannot_apply_is_said_to_the_alerts_service(cluster: str) -> None:
    items = everything(cluster)
    (provider,) = of_kind(items, "Provider").values()
    (alert,) = of_kind(items, "Alert").values()

    assert provider["spec"]["address"].endswith("/alerts/v1/integrations/flux")
    assert alert["spec"]["providerRef"]["name"] == provider["metadata"]["name"]
    # HelmChart: while a chart is refused, the controller of releases waits for it and sends nothing.
    assert {one["kind"] for one in alert["spec"]["eventSources"]} == {
        "GitRepository",
        "HelmChart",
        "HelmRelease",
        "Kustomization",
    }


@EVERY_CLUSTER
def test_good_news_of_flux_is_sent_and_ends_an_alert(cluster: str) -> None:
    (alert,) = of_kind(everything(cluster), "Alert").values()

    # With `error` Flux says nothing when the object has been applied after all.
    assert alert["spec"]["eventSeverity"] == "info"


@EVERY_CLUSTER
def test_alertmanager_takes_our_configuration_as_its_own(cluster: str) -> None:
    configs = of_kind(everything(cluster), "AlertmanagerConfig")
    release = releases(cluster)["monitoring"]
    named = release["values"]["alertmanager"]["alertmanagerSpec"]["alertmanagerConfiguration"]["name"]

    # The operator looks for it in Alertmanager's own namespace.
    assert configs[named]["metadata"]["namespace"] == release["targetNamespace"]


@EVERY_CLUSTER
def test_drift_is_corrected_but_not_where_flagger_or_an_autoscaler_writes(cluster: str) -> None:
    detection = releases(cluster)[RELEASE]["driftDetection"]

    assert detection["mode"] == "enabled"
    assert {"paths": ["/spec/replicas"], "target": {"kind": "Deployment"}} in detection["ignore"]
    # Anything else would hide a change of somebody's.
    assert {path for rule in detection["ignore"] for path in rule["paths"]} <= {
        "/spec/replicas",
        "/metadata/annotations",
    }


def test_a_secret_is_encrypted_as_the_page_says_and_opened_with_the_key(tmp_path: Path) -> None:
    made = subprocess.run([program("age-keygen")], capture_output=True, text=True, check=True, timeout=60)
    (recipient,) = re.findall("public key: (age1[a-z0-9]+)", made.stdout)
    (tmp_path / "age.agekey").write_text(made.stdout, encoding="utf-8")
    rules = re.sub("age1[a-z0-9]+", recipient, (ROOT / ".sops.yaml").read_text(encoding="utf-8"))
    (tmp_path / ".sops.yaml").write_text(rules, encoding="utf-8")
    file = tmp_path / "clusters" / "staging" / "secrets" / "db-credentials.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        "kind: Secret\nmetadata: {name: db-credentials}\nstringData: {password: hunter2}\n", encoding="utf-8"
    )

    def sops(*arguments: str) -> str:
        variables = {**os.environ, "SOPS_AGE_KEY_FILE": str(tmp_path / "age.agekey")}
        command = [program("sops"), *arguments, str(file.relative_to(tmp_path))]
        return subprocess.run(
            command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True, timeout=60
        ).stdout

    sops("encrypt", "--in-place")

    written = file.read_text(encoding="utf-8")
    assert "hunter2" not in written
    assert "name: db-credentials" in written
    assert "password: hunter2" in sops("decrypt")
