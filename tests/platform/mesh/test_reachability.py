"""The edges of the flow are open, and nothing else is."""

import json

import pytest

from charts.rendering import ENVIRONMENTS, NAMESPACE, merged_values, render, rendered
from common.gateway import ALERTS, MARKET_IMPACT, NEWS_INGESTION, NLP, SERVICES, Service
from tests.platform.support.chart import JSON, ROOT, of_kind, pod_templates
from tests.platform.support.clusters import CLUSTERS, STEPS, everything, step
from tests.platform.support.reachability import Peer, may_call, may_connect

GATEWAY = Peer("istio-ingress", {"istio": "ingress"})
PROMETHEUS = Peer("monitoring", {"app.kubernetes.io/name": "prometheus"})
STRANGER = Peer("default", {"app": "curl"})
DNS = Peer("kube-system", {"k8s-app": "kube-dns"})
ISTIOD = Peer("istio-system", {"app": "istiod"})
COLLECTOR = Peer("monitoring", {"app.kubernetes.io/name": "otel-collector"})
DATABASE = Peer(address="10.20.30.40")
INTERNET = Peer(address="93.184.216.34")
METADATA = Peer(address="169.254.169.254")

THE_GATEWAY = "cluster.local/ns/istio-ingress/sa/istio-ingress"
EVERYWHERE = pytest.mark.parametrize("environment", ENVIRONMENTS)
EACH_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def pod_of(environment: str, service: Service) -> Peer:
    template = pod_templates(rendered(environment))[f"Deployment/{service.kubernetes_name}"]
    return Peer(NAMESPACE, template["metadata"]["labels"])


def primary_of(environment: str, service: Service) -> Peer:
    """Return a pod of the workload that Flagger makes: the same labels, but for `app`."""
    pod = pod_of(environment, service)
    return Peer(NAMESPACE, pod.labels | {"app": f"{service.kubernetes_name}-primary"})


@EVERYWHERE
@EACH_SERVICE
def test_the_gateway_may_post_to_a_service_and_to_its_primary(environment: str, service: Service) -> None:
    objects = rendered(environment)

    for target in (pod_of(environment, service), primary_of(environment, service)):
        assert may_connect(objects, GATEWAY, target, service.port)
        assert may_call(objects, THE_GATEWAY, target, service.port, "POST", f"{service.base_path}/things")


@EVERYWHERE
@pytest.mark.parametrize("target", SERVICES, ids=lambda service: service.name)
@pytest.mark.parametrize("source", SERVICES, ids=lambda service: service.name)
def test_no_service_reaches_another_past_the_gateway(environment: str, source: Service, target: Service) -> None:
    objects, callee = rendered(environment), pod_of(environment, target)
    principal = f"cluster.local/ns/{NAMESPACE}/sa/{source.kubernetes_name}"

    assert not may_connect(objects, pod_of(environment, source), callee, target.port)
    assert not may_call(objects, principal, callee, target.port, "POST", f"{target.base_path}/signals")


@EVERYWHERE
@pytest.mark.parametrize(("service", "expected"), [(NEWS_INGESTION, 1), (NLP, 1), (MARKET_IMPACT, 1), (ALERTS, 0)])
def test_who_hands_on_reaches_the_gateway_and_the_end_of_the_line_does_not(
    environment: str, service: Service, expected: int
) -> None:
    objects, pod = rendered(environment), pod_of(environment, service)

    assert may_connect(objects, pod, GATEWAY, 8443) is bool(expected)
    assert not may_connect(objects, pod, GATEWAY, 80), "the public door, where nothing is encrypted"


@EVERYWHERE
@pytest.mark.parametrize(("service", "expected"), [(NEWS_INGESTION, 1), (NLP, 0), (MARKET_IMPACT, 0), (ALERTS, 1)])
def test_only_fetching_and_delivering_reach_the_internet_and_nobody_the_metadata_service(
    environment: str, service: Service, expected: int
) -> None:
    objects, pod = rendered(environment), pod_of(environment, service)

    assert may_connect(objects, pod, INTERNET, 443) is bool(expected)
    assert not may_connect(objects, pod, INTERNET, 25)
    assert not may_connect(objects, pod, METADATA, 80)
    assert not may_connect(objects, pod, DATABASE, 443)


@EVERYWHERE
@EACH_SERVICE
def test_a_service_reaches_what_it_needs_to_live(environment: str, service: Service) -> None:
    objects, pod = rendered(environment), pod_of(environment, service)

    assert may_connect(objects, pod, DATABASE, 5432)
    assert may_connect(objects, pod, DATABASE, 6379)
    assert may_connect(objects, pod, DNS, 53, "UDP")
    assert may_connect(objects, pod, ISTIOD, 15012)
    assert not may_connect(objects, pod, STRANGER, 8080)


@EVERYWHERE
@EACH_SERVICE
def test_prometheus_scrapes_the_sidecar_and_strangers_reach_nothing(environment: str, service: Service) -> None:
    objects, pod = rendered(environment), pod_of(environment, service)

    assert may_connect(objects, PROMETHEUS, pod, 15020)
    assert not may_connect(objects, PROMETHEUS, pod, service.port)
    assert not may_connect(objects, STRANGER, pod, service.port)
    assert not may_connect(objects, Peer(NAMESPACE, {"app": "debug"}), pod, service.port)
    assert not may_call(objects, "cluster.local/ns/default/sa/default", pod, service.port, "GET", service.base_path)


@EVERYWHERE
@EACH_SERVICE
def test_what_is_scraped_is_the_sidecar_that_merges_the_services_metrics(environment: str, service: Service) -> None:
    # The canary's own checks read the sidecar's metrics; a monitor of the service's port would find it closed.
    objects, pod = rendered(environment), pod_of(environment, service)
    (endpoint,) = of_kind(objects, "PodMonitor")[service.kubernetes_name]["spec"]["podMetricsEndpoints"]
    annotations = pod_templates(objects)[f"Deployment/{service.kubernetes_name}"]["metadata"]["annotations"]

    assert endpoint["path"] == "/stats/prometheus"
    assert may_connect(objects, PROMETHEUS, pod, 15020)
    assert annotations["prometheus.io/port"] == str(service.port)
    assert annotations["prometheus.io/path"] == "/metrics"


@EVERYWHERE
def test_a_pod_of_the_chart_that_no_policy_opens_is_closed_both_ways(environment: str) -> None:
    forgotten = Peer(NAMESPACE, {"app.kubernetes.io/part-of": "market-impact-analysis-system"})

    assert not may_connect(rendered(environment), GATEWAY, forgotten, 8080)
    assert not may_connect(rendered(environment), forgotten, INTERNET, 443)
    assert not may_connect(rendered(environment), forgotten, DATABASE, 5432)


@EACH_SERVICE
def test_without_istio_prometheus_scrapes_the_service_itself(service: Service) -> None:
    objects = render("development", {"istio": {"enabled": False}})
    pod = Peer(NAMESPACE, {"mias.io/service": service.kubernetes_name})

    assert may_connect(objects, PROMETHEUS, pod, service.port)
    assert of_kind(objects, "PodMonitor")[service.kubernetes_name]["spec"]["podMetricsEndpoints"][0]["port"] == "http"


@EVERYWHERE
@EACH_SERVICE
def test_the_gateway_lets_through_every_operation_of_the_api_and_none_outside_it(
    environment: str, service: Service
) -> None:
    objects, pod = rendered(environment), pod_of(environment, service)
    document = json.loads((ROOT / "contracts" / f"{service.name}.openapi.json").read_text(encoding="utf-8"))
    operations = [(method.upper(), path) for path, item in document["paths"].items() for method in item]

    assert len(operations) > 5
    refused = [one for one in operations if not may_call(objects, THE_GATEWAY, pod, service.port, *one)]
    assert refused == []
    assert not may_call(objects, THE_GATEWAY, pod, service.port, "GET", "/metrics")
    assert not may_call(objects, THE_GATEWAY, pod, service.port, "GET", "/ready")


@EVERYWHERE
@EACH_SERVICE
def test_helm_test_reaches_readiness_and_the_self_check_and_nothing_more(environment: str, service: Service) -> None:
    objects, pod = rendered(environment), pod_of(environment, service)
    check = of_kind(objects, "Pod")[f"check-{service.kubernetes_name}"]
    caller = Peer(NAMESPACE, check["metadata"]["labels"])
    principal = f"cluster.local/ns/{NAMESPACE}/sa/{check['spec']['serviceAccountName']}"

    assert may_connect(objects, caller, pod, service.port)
    assert may_call(objects, principal, pod, service.port, "GET", "/ready")
    assert may_call(objects, principal, pod, service.port, "GET", f"{service.prefix}/openapi.json")
    assert may_call(objects, principal, pod, service.port, "POST", f"{service.base_path}/selfcheck")
    assert not may_call(objects, principal, pod, service.port, "POST", f"{service.base_path}/articles")
    assert not may_connect(objects, caller, INTERNET, 443)


@EVERYWHERE
def test_a_migration_reaches_the_database_and_nothing_else(environment: str) -> None:
    objects = rendered(environment)
    job = pod_templates(objects)["Job/migrate"]
    pod = Peer(NAMESPACE, job["metadata"]["labels"])

    assert may_connect(objects, pod, DATABASE, 5432)
    assert may_connect(objects, pod, DNS, 53, "UDP")
    assert not may_connect(objects, pod, DATABASE, 6379)
    assert not may_connect(objects, pod, GATEWAY, 8443)
    assert not any(may_connect(objects, GATEWAY, pod, service.port) for service in SERVICES)


@EVERYWHERE
def test_a_policy_names_only_accounts_that_exist(environment: str) -> None:
    objects, gateway = rendered(environment), merged_values(environment)["gateway"]
    accounts = {f"cluster.local/ns/{NAMESPACE}/sa/{name}" for name in of_kind(objects, "ServiceAccount")}
    accounts.add(f"cluster.local/ns/{gateway['namespace']}/sa/{gateway['serviceAccount']}")
    # Those of the clusters' folders, which test_clusters.py holds against the releases there.
    flagger = merged_values(environment)["flagger"]
    accounts.add(f"cluster.local/ns/{NAMESPACE}/sa/{flagger['loadTesterServiceAccount']}")
    accounts.add(f"cluster.local/ns/{flagger['namespace']}/sa/{flagger['serviceAccount']}")

    named = {
        principal
        for policy in of_kind(objects, "AuthorizationPolicy").values()
        for rule in policy["spec"]["rules"]
        for source in rule["from"]
        for principal in source["source"]["principals"]
    }

    assert named <= accounts


@EACH_SERVICE
def test_the_load_tester_is_let_in_where_canaries_are(service: Service) -> None:
    tester, pod = Peer(NAMESPACE, {"app": "flagger-loadtester"}), pod_of("staging", service)
    principal = f"cluster.local/ns/{NAMESPACE}/sa/flagger-loadtester"

    assert may_connect(rendered("staging"), tester, pod, service.port)
    assert may_call(rendered("staging"), principal, pod, service.port, "POST", f"{service.base_path}/selfcheck")
    assert not may_connect(rendered("development"), tester, pod, service.port)
    assert not may_call(rendered("development"), principal, pod, service.port, "POST", f"{service.base_path}/selfcheck")


@EACH_SERVICE
def test_flagger_may_post_its_events_to_alerts_and_nothing_else(service: Service) -> None:
    objects, pod = rendered("staging"), pod_of("staging", service)
    flagger, principal = Peer("flagger-system", {"app": "flagger"}), "cluster.local/ns/flagger-system/sa/flagger"
    is_alerts = service is ALERTS

    assert may_connect(objects, flagger, pod, service.port) == is_alerts
    events = f"{service.base_path}/integrations/flagger"
    assert may_call(objects, principal, pod, service.port, "POST", events) == is_alerts
    assert not may_call(objects, principal, pod, service.port, "POST", f"{service.base_path}/rules")


@EACH_SERVICE
def test_a_services_and_its_sidecars_spans_reach_the_collector_where_there_is_one(service: Service) -> None:
    staging, pod = everything("staging"), pod_of("staging", service)

    for source in (pod, primary_of("staging", service)):
        assert may_connect(staging, source, COLLECTOR, 4318), "the service's"
        assert may_connect(staging, source, COLLECTOR, 4317), "its sidecar's"
    assert not may_connect(staging, pod, STRANGER, 4318)
    assert not may_connect(staging, pod, PROMETHEUS, 4318)
    assert not may_connect(everything("production"), pod_of("production", service), COLLECTOR, 4318)


def test_the_collector_takes_spans_of_the_mesh_alone_and_sends_them_on() -> None:
    staging = everything("staging")
    tester = Peer(NAMESPACE, {"app": "flagger-loadtester"})

    for source in (GATEWAY, tester, Peer("flagger-system", {"app": "flagger"})):
        assert may_connect(staging, source, COLLECTOR, 4317)
        assert not may_connect(staging, source, COLLECTOR, 4318)
    for port in (4317, 4318, 13133):
        assert not may_connect(staging, STRANGER, COLLECTOR, port)
        assert not may_connect(staging, PROMETHEUS, COLLECTOR, port)
    assert may_connect(staging, COLLECTOR, DNS, 53, "UDP")
    assert may_connect(staging, COLLECTOR, INTERNET, 443), "where traces are kept"
    assert may_connect(staging, COLLECTOR, Peer("monitoring", {"app": "tempo"}), 4318), "or inside"
    assert not may_connect(staging, COLLECTOR, INTERNET, 80)
    assert not may_connect(staging, COLLECTOR, DATABASE, 5432)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_the_door_of_the_services_opens_to_them_and_to_nobody_else_of_the_mesh(cluster: str) -> None:
    objects = everything(cluster)
    anything = ("POST", "/nlp/v1/analyses")

    assert may_call(objects, f"cluster.local/ns/{NAMESPACE}/sa/news-ingestion", GATEWAY, 8443, *anything)
    for stranger in ("default/sa/default", "flagger-system/sa/flagger", f"{NAMESPACE}-other/sa/news-ingestion"):
        assert not may_call(objects, f"cluster.local/ns/{stranger}", GATEWAY, 8443, *anything), stranger
        assert may_call(objects, f"cluster.local/ns/{stranger}", GATEWAY, 443, *anything), "the public door"


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_else_lies_in_the_namespace_is_closed_but_for_the_load_tester(cluster: str) -> None:
    objects = everything(cluster)
    tester, other = Peer(NAMESPACE, {"app": "flagger-loadtester"}), Peer(NAMESPACE, {"app": "somebody"})

    assert not may_connect(objects, STRANGER, other, 80)
    assert not may_connect(objects, other, INTERNET, 443)
    assert may_connect(objects, Peer("flagger-system"), tester, 8080)
    assert not may_connect(objects, STRANGER, tester, 8080)
    assert not may_connect(objects, tester, INTERNET, 443)
    assert may_connect(objects, tester, DNS, 53, "UDP")
    assert may_connect(objects, tester, ISTIOD, 15012)
    for service in SERVICES:
        assert may_connect(objects, tester, pod_of(cluster, service), service.port)
    assert may_call(objects, "cluster.local/ns/flagger-system/sa/flagger", tester, 8080, "POST", "/gate/check")
    assert not may_call(objects, THE_GATEWAY, tester, 8080, "POST", "/gate/open")
    assert not may_call(objects, THE_GATEWAY, other, 80, "GET", "/")


def hooks_before(objects: tuple[JSON, ...], hook: JSON) -> list[JSON]:
    """Return the hooks of the same event that Helm has applied before `hook`: those of lower weight."""
    annotations = hook["metadata"]["annotations"]
    event, weight = annotations["helm.sh/hook"], int(annotations.get("helm.sh/hook-weight", "0"))
    given = [item for item in objects if item["metadata"].get("annotations", {}).get("helm.sh/hook") == event]
    return [one for one in given if int(one["metadata"]["annotations"].get("helm.sh/hook-weight", "0")) < weight]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_at_the_first_install_a_migration_reaches_the_database(cluster: str) -> None:
    """Then there is what Flux has applied before the release, and of the release what Helm applies before the job."""
    job = of_kind(rendered(cluster), "Job")["migrate"]
    pod = Peer(NAMESPACE, job["spec"]["template"]["metadata"]["labels"])
    applied = [item for name in STEPS[: STEPS.index("apps")] for item in step(cluster, name)]
    there = applied + hooks_before(rendered(cluster), job)

    assert may_connect(there, pod, DNS, 53, "UDP")
    assert may_connect(there, pod, DATABASE, 5432)
    assert not may_connect(there, pod, INTERNET, 443)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_at_each_step_what_runs_already_keeps_what_it_needs(cluster: str) -> None:
    """`configs` closes the namespace, and in the same step lets through what `controllers` has started there."""
    tester = Peer(NAMESPACE, {"app": "flagger-loadtester"})
    flagger = Peer("flagger-system", {"app.kubernetes.io/name": "flagger"})
    there: list[JSON] = []
    for name in STEPS:
        there += step(cluster, name)
        assert may_connect(there, flagger, tester, 8080), name
        assert may_connect(there, tester, DNS, 53, "UDP"), name
        assert may_connect(there, tester, ISTIOD, 15012), name
