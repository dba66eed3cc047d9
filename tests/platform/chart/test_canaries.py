"""Canaries that can tell: they get traffic, ask for figures that exist, of the pods under trial, and stop in time."""

import itertools
import re
import subprocess
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from charts.rendering import NAMESPACE, merged_values, render, rendered
from common.gateway import SERVICES, Service
from standalone.generators.contract_load import COMPUTING, contract_load, contract_requests
from tests.platform.support import monitoring
from tests.platform.support.chart import JSON, ROOT, of_kind
from tests.platform.support.clusters import CLUSTERS, releases, step
from tests.platform.support.metric_templates import metrics, templates
from tests.platform.support.promql import selectors

EVERY_CLUSTER = pytest.mark.parametrize("cluster", CLUSTERS)
EACH_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
# Flagger measures these itself, whatever template a metric of such a name has.
BUILT_IN = {"request-success-rate", "request-duration"}
TESTER = f"flagger-loadtester.{NAMESPACE}"
SCRIPTS = ROOT / "clusters" / "base" / "controllers" / "contract-load"
WAYS_BACK = (ROOT / "docs" / "operations" / "canaries.md").read_text(encoding="utf-8")
# The first check of a rollout often finds no values yet: one failure must not be the last.
SPARE_CHECKS = 2


def canaries(cluster: str) -> dict[str, JSON]:
    return specs_of(rendered(cluster))


def specs_of(objects: tuple[JSON, ...] | list[JSON]) -> dict[str, JSON]:
    return {name: item["spec"] for name, item in of_kind(objects, "Canary").items()}


def hooks(spec: JSON, kind: str) -> list[JSON]:
    return [hook for hook in spec["analysis"]["webhooks"] if hook["type"] == kind]


def seconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", text).groups()
    return int(number) * {"s": 1, "m": 60}[unit]


@EVERY_CLUSTER
def test_each_service_has_a_canary_of_its_deployment_and_its_autoscaler(cluster: str) -> None:
    found, scalers = canaries(cluster), of_kind(rendered(cluster), "HorizontalPodAutoscaler")

    assert set(found) == {service.kubernetes_name for service in SERVICES}
    for name, spec in found.items():
        assert spec["targetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        assert spec["autoscalerRef"] == {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "name": name,
        }
        assert name in scalers


def test_with_keda_the_primary_is_scaled_by_its_own_requests() -> None:
    objects = render("production", {"keda": {"enabled": True}})

    assert of_kind(objects, "HorizontalPodAutoscaler") == {}
    for name, canary in of_kind(objects, "Canary").items():
        reference, scaled = canary["spec"]["autoscalerRef"], of_kind(objects, "ScaledObject")[name]["spec"]
        queries = {one["name"]: one["metadata"]["query"] for one in scaled["triggers"] if one["type"] == "prometheus"}
        assert reference["kind"] == "ScaledObject"
        assert set(reference["primaryScalerQueries"]) == set(queries)
        assert f'destination_workload="{name}"' in queries["requests"]
        assert f'destination_workload="{name}-primary"' in reference["primaryScalerQueries"]["requests"]
        assert ("outbox" in queries) == (name != "alert-signal"), "the end of the line hands nothing on"


@EVERY_CLUSTER
@EACH_SERVICE
def test_routes_are_those_of_the_gateway_table_and_leave_paths_alone(cluster: str, service: Service) -> None:
    route = canaries(cluster)[service.kubernetes_name]["service"]

    assert (route["name"], route["port"]) == (service.kubernetes_name, service.port)
    assert route["match"] == [{"uri": {"prefix": f"{service.prefix}/"}}]
    assert route["hosts"] == merged_values(cluster)["gateway"]["hosts"]
    # Not `mesh`: one host stands for four services.
    assert route["gateways"] == ["istio-ingress/public", "istio-ingress/internal"]
    assert not {"rewrite", "delegation", "timeout"} & set(route), "streams stay open"
    assert route["trafficPolicy"]["tls"] == {"mode": "ISTIO_MUTUAL"}
    assert route["trafficPolicy"]["outlierDetection"]["consecutive5xxErrors"] > 0
    # HTTP figures say nothing of gRPC, whose errors are answers of status 200.
    assert (route["portName"], route["appProtocol"]) == ("http", "http")


@EVERY_CLUSTER
def test_the_page_on_canaries_tells_every_figure_and_how_many_checks_may_fail(cluster: str) -> None:
    page = " ".join((ROOT / "docs" / "operations" / "canaries.md").read_text(encoding="utf-8").split())
    ordinals = {5: "fifth"}

    for name, spec in canaries(cluster).items():
        assert {figure for figure in metrics(cluster, name) if f"`{figure}`" not in page} == set()
        assert f"After the {ordinals[spec['analysis']['threshold']]}, the next tick" in page


@EVERY_CLUSTER
def test_the_threshold_counts_failures_and_leaves_room_for_the_first_check(cluster: str) -> None:
    for spec in canaries(cluster).values():
        weights = spec["analysis"]["stepWeights"]
        assert spec["analysis"]["threshold"] >= SPARE_CHECKS
        assert weights == sorted(set(weights))
        assert weights[0] <= 10
        assert weights[-1] >= 50


@EVERY_CLUSTER
def test_every_promised_figure_is_checked(cluster: str) -> None:
    for spec in canaries(cluster).values():
        ranges = {metric["name"]: metric["thresholdRange"] for metric in spec["analysis"]["metrics"]}
        assert ranges["request-success-rate"]["min"] >= 99
        # Flagger's own `request-duration` is spoiled by streams and batches.
        assert 500 <= ranges["request-duration-load"]["max"] <= 2000
        assert ranges["request-duration-reads"] == ranges["request-duration-load"]
        assert ranges["error-rate"]["max"] <= 1
        assert ranges["cpu-usage"]["max"] <= 80
        assert ranges["memory-usage"]["max"] <= 80
    models = {
        name: {metric["name"] for metric in spec["analysis"]["metrics"]} for name, spec in canaries(cluster).items()
    }
    assert {"abstain-ratio", "dead-letters", "score-drift", "selfcheck-ok"} <= models["nlp-processing"]
    assert "abstain-excess" in models["market-impact"]
    assert all({"dead-letters", "failed-items"} <= found for found in models.values())


@EVERY_CLUSTER
def test_no_template_is_given_to_a_figure_that_flagger_measures_itself(cluster: str) -> None:
    for spec in canaries(cluster).values():
        named = [(one["name"], "templateRef" in one) for one in spec["analysis"]["metrics"]]
        assert {name for name, has_template in named if not has_template} == {"request-success-rate"}
        assert not BUILT_IN & {name for name, has_template in named if has_template}


@EVERY_CLUSTER
def test_dead_letters_are_those_of_a_service_and_of_the_one_that_hands_over_to_it(cluster: str) -> None:
    senders = {name: metrics(cluster, name)["dead-letters"]["templateVariables"] for name in canaries(cluster)}

    order = [service.kubernetes_name for service in SERVICES]
    expected = {order[0]: {order[0]}, order[-1]: {order[-2]}}
    expected |= {name: {name, before} for before, name in itertools.pairwise(order[:-1])}
    assert {name: set(found["senders"].split("|")) for name, found in senders.items()} == expected


@EVERY_CLUSTER
def test_every_metric_that_is_not_flaggers_own_has_a_template_and_every_template_a_use(cluster: str) -> None:
    defined = {
        (item["metadata"]["namespace"], item["metadata"]["name"])
        for item in step(cluster, "configs")
        if item["kind"] == "MetricTemplate"
    }
    asked = [metric for spec in canaries(cluster).values() for metric in spec["analysis"]["metrics"]]

    named = {(one["templateRef"]["namespace"], one["templateRef"]["name"]) for one in asked if "templateRef" in one}
    assert named == defined
    assert all(seconds(one["interval"]) <= 60 for one in asked)


@EVERY_CLUSTER
def test_every_query_is_about_the_pods_under_trial_and_not_about_the_primary(cluster: str) -> None:
    for template, query in templates(cluster).items():
        read = selectors(query)
        assert read
        for name, matchers in read:
            if name.startswith("istio_"):
                assert 'reporter="source"' in matchers
                assert 'destination_service="service-canary.namespace.svc.cluster.local"' in matchers, template
                continue
            (pattern,) = re.findall(r'pod=~"([^"]*)"', matchers)
            assert 'namespace="namespace"' in matchers
            pattern = re.sub("target|senders", "nlp-processing", pattern)
            is_of_canary = bool(re.fullmatch(pattern, "nlp-processing-6d4cf56db6-x2x7k"))
            is_of_primary = bool(re.fullmatch(pattern, "nlp-processing-primary-6d4cf56db6-x2x7k"))
            # Pods under trial hand nothing on, and what abstains is compared.
            if template == "abstain-excess":
                assert is_of_canary != is_of_primary
            else:
                assert (is_of_canary, is_of_primary) == (True, template == "dead-letters"), template


@EVERY_CLUSTER
def test_callers_have_the_names_that_their_releases_give_them(cluster: str) -> None:
    values = {name: releases(cluster)[name]["values"] for name in ("istio-ingress", "flagger-loadtester")}
    queries = [*templates(cluster).values(), *(rule["expr"] for rule in monitoring.rules())]
    callers = {caller for query in queries for caller in re.findall(r'source_workload="([^"]*)"', query)}

    assert callers == {values["istio-ingress"]["name"], values["flagger-loadtester"]["fullnameOverride"]}


@EVERY_CLUSTER
def test_load_is_sent_to_the_canary_and_is_more_than_a_probe(cluster: str) -> None:
    for service in SERVICES:
        spec = canaries(cluster)[service.kubernetes_name]
        commands = [hook["metadata"]["cmd"] for kind in ("pre-rollout", "rollout") for hook in hooks(spec, kind)]
        address = f"http://{service.kubernetes_name}-canary.{NAMESPACE}:{service.port}"
        assert len(commands) == 3
        assert all(address in command for command in commands)
        assert not [command for command in commands if "-primary" in command or "/health" in command]
        lines = contract_load(service).splitlines()
        assert len(lines) >= 5
        assert all(line.split("\t")[1].startswith(service.base_path) for line in lines)


@EVERY_CLUSTER
def test_hooks_of_a_step_end_within_it_and_load_lasts_for_most_of_it(cluster: str) -> None:
    for spec in canaries(cluster).values():
        interval = seconds(spec["analysis"]["interval"])
        assert sum(seconds(hook["timeout"]) for hook in hooks(spec, "rollout")) < interval
        (load,) = [hook for hook in hooks(spec, "rollout") if hook["metadata"]["type"] == "cmd"]
        duration = int(load["metadata"]["cmd"].split()[-1])
        assert 0.75 * interval <= duration < interval


@EVERY_CLUSTER
@EACH_SERVICE
def test_the_requests_of_a_hook_end_before_the_hook_does(cluster: str, service: Service) -> None:
    spec = canaries(cluster)[service.kubernetes_name]
    (acceptance,), (contract, _load) = hooks(spec, "pre-rollout"), hooks(spec, "rollout")
    asked, sent = ((SCRIPTS / name).read_text(encoding="utf-8") for name in ("acceptance.sh", "contract.sh"))

    for script, n_requests, hook in (
        (asked, len(re.findall(r"\bask [\"-]", asked)), acceptance),
        (sent, len(contract_load(service).splitlines()), contract),
    ):
        (longest,) = re.findall(r"--max-time (\d+)", script)
        assert n_requests >= 3
        assert n_requests * int(longest) < seconds(hook["timeout"]), hook["name"]


def test_scripts_of_the_load_write_no_files() -> None:
    """Their pod's root is read-only, and the shell writes long here-strings and here-documents to files."""
    assert [*SCRIPTS.glob("*.sh")]
    for script in SCRIPTS.glob("*.sh"):
        assert "<<" not in script.read_text(encoding="utf-8"), script.name


@EVERY_CLUSTER
def test_rates_of_what_kubelets_say_span_several_of_their_scrapes(cluster: str) -> None:
    queries = [item["spec"]["query"] for item in step(cluster, "configs") if item["kind"] == "MetricTemplate"]
    windows = [found for query in queries for found in re.findall(r'container_\w+_total.*?"\}\[(.+?)\]', query)]

    # The operator's chart scrapes kubelets every 30 s.
    assert windows
    assert all(re.fullmatch(r"\d+m", one) and seconds(one) >= 120 for one in windows)


@EVERY_CLUSTER
def test_every_script_that_a_hook_runs_is_mounted_in_the_load_tester(cluster: str) -> None:
    values = releases(cluster)["flagger-loadtester"]["values"]
    (mount,) = values["volumeMounts"]
    files = next(
        set(item["data"])
        for item in step(cluster, "controllers")
        if item["kind"] == "ConfigMap" and item["metadata"]["name"] == values["volumes"][0]["configMap"]["name"]
    )

    for name, spec in canaries(cluster).items():
        (service,) = [one for one in SERVICES if one.kubernetes_name == name]
        for hook in [*hooks(spec, "pre-rollout"), *hooks(spec, "rollout")]:
            shell, script = hook["metadata"]["cmd"].split()[:2]
            assert shell == "bash"
            folder, _, file = script.rpartition("/")
            assert folder == mount["mountPath"]
            assert {file, f"{service.name}.tsv"} <= files
    assert files == {path.name for path in SCRIPTS.iterdir()}


@EVERY_CLUSTER
def test_addresses_of_hooks_resolve_from_any_namespace(cluster: str) -> None:
    for spec in canaries(cluster).values():
        for hook in spec["analysis"]["webhooks"]:
            host = urlsplit(hook["url"]).netloc
            assert host in {TESTER, f"alert-signal.{NAMESPACE}:8083"}


def gates(specs: dict[str, JSON]) -> list[list[tuple[str, str]]]:
    """Return type and address of the gates of each Canary."""
    return [
        [(hook["type"], hook["url"]) for hook in spec["analysis"]["webhooks"] if hook["type"].startswith("confirm-")]
        for spec in specs.values()
    ]


def test_people_hold_the_gate_in_production_where_waiting_costs_no_checks() -> None:
    assert gates(canaries("staging")) == [[]] * len(SERVICES)
    assert gates(canaries("production")) == [[("confirm-rollout", f"http://{TESTER}/gate/check")]] * len(SERVICES)


@pytest.mark.parametrize("gate", ["rollout", "traffic-increase", "promotion"])
def test_a_gate_stands_where_the_values_say(gate: str) -> None:
    specs = specs_of(render("staging", {"flagger": {"gate": gate}}))

    assert gates(specs) == [[(f"confirm-{gate}", f"http://{TESTER}/gate/check")]] * len(SERVICES)


@EVERY_CLUSTER
def test_a_rollout_can_be_stopped_and_what_was_opened_for_it_is_closed_at_its_end(cluster: str) -> None:
    for spec in canaries(cluster).values():
        asked = {hook["url"] for kind in ("rollback", "confirm-rollout") for hook in hooks(spec, kind)}
        closed = {hook["url"] for hook in hooks(spec, "post-rollout")}

        assert f"http://{TESTER}/rollback/check" in asked
        assert {url.replace("/check", "/close") for url in asked} <= closed
        assert hooks(spec, "event")[0]["url"].endswith("/alerts/v1/integrations/flagger")


def _values(text: str) -> JSON:
    """Return the values that a file sets: the chart's, or those that a patch adds to the HelmRelease."""
    written: JSON = yaml.safe_load(text)
    if "patches" in written:
        ((added,),) = (yaml.safe_load(one["patch"]) for one in written["patches"])
        return {"flagger": added["value"]["flagger"]}
    return {"flagger": written["flagger"]}


@EVERY_CLUSTER
def test_the_way_back_skips_gate_and_analysis_and_is_no_rollout_itself(cluster: str) -> None:
    ways = re.findall(r"^sed -i '(.*)' (\S+)$", WAYS_BACK, re.MULTILINE)
    ((command, path),) = [way for way in ways if cluster in way[1]]
    edited = subprocess.run(["sed", command, str(ROOT / path)], capture_output=True, text=True, check=True).stdout

    before, after = (render(cluster, _values(text)) for text in ((ROOT / path).read_text(encoding="utf-8"), edited))

    assert {spec["skipAnalysis"] for spec in specs_of(before).values()} == {False}
    assert {spec["skipAnalysis"] for spec in specs_of(after).values()} == {True}
    # The gate would hold the way back, too.
    assert gates(specs_of(after)) == [[]] * len(SERVICES)
    assert of_kind(after, "Deployment") == of_kind(before, "Deployment")


@EVERY_CLUSTER
def test_a_canary_that_is_deleted_leaves_the_pods_that_it_found(cluster: str) -> None:
    assert all(spec["revertOnDeletion"] for spec in canaries(cluster).values())


def test_without_flagger_there_is_no_canary() -> None:
    assert of_kind(rendered("development"), "Canary") == {}


def test_a_changed_limit_of_a_canary_starts_no_rollout() -> None:
    changed = render("production", {"services": {"nlp": {"latencyMilliseconds": 1500}}})

    def checksum(objects: tuple[JSON, ...] | list[JSON]) -> str:
        pod = of_kind(objects, "Deployment")["nlp-processing"]["spec"]["template"]
        return pod["metadata"]["annotations"]["checksum/values"]

    assert checksum(changed) == checksum(rendered("production"))


@EACH_SERVICE
def test_the_load_is_in_step_with_the_contract(service: Service) -> None:
    written = (SCRIPTS / f"{service.name}.tsv").read_text(encoding="utf-8")

    assert written == contract_load(service), "run `make contract-load`"


@EACH_SERVICE
def test_every_body_of_the_load_is_one_that_the_contract_takes(service: Service, contracts: dict[str, JSON]) -> None:
    document = contracts[service.name]
    for method, path, body in contract_requests(document):
        if method == "POST":
            schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
            whole = {**schema, "components": document["components"]}
            jsonschema.Draft202012Validator(whole).validate(body)


def test_no_body_is_kept_for_an_operation_that_is_gone(contracts: dict[str, JSON]) -> None:
    paths = {path for document in contracts.values() for path in document["paths"]}

    assert set(COMPUTING) <= paths


def test_an_example_impact_is_documented_as_one(contracts: dict[str, JSON]) -> None:
    """The contract lets anything into a batch of signals, so the item is held to its own schema."""
    document = contracts["alerts"]
    schema = {**document["components"]["schemas"]["Impact"], "components": document["components"]}

    (impact,) = COMPUTING["/alerts/v1/signals:evaluate"]["impacts"]
    jsonschema.Draft202012Validator(schema).validate(impact)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('100 * sum by (pod) (rate(a_total{x=~"[a-z]+(b)"}[5m]) or vector(0)) / (b > 0)', ["a_total", "b"]),
        ('histogram_quantile(0.99, sum(rate(c_bucket{le!="inf"}[{{ interval }}])) by (le))', ["c_bucket"]),
        ("max(d) without (pod) unless on (namespace) e offset 5m", ["d", "e"]),
        ('f{x="{{ variables.y }}"} - (g offset {{ interval }} or g * 0)', ["f", "g", "g"]),
    ],
)
def test_names_are_read_from_queries(query: str, names: list[str]) -> None:
    assert [name for name, _matchers in selectors(query)] == names
