"""Pods: restricted, probed, found by their selectors, spread, and taken away gently."""

import pytest

from charts.rendering import ENVIRONMENTS, merged_values, render, rendered
from common.gateway import SERVICES
from common.settings import ServiceSettings
from tests.platform.support.chart import JSON, of_kind, pod_templates
from tests.platform.support.quantities import mebibytes

EVERYWHERE = pytest.mark.parametrize("environment", ENVIRONMENTS)

# What the environments promise: replicas, and memory from request to limit in MiB.
REPLICAS = {"development": (1, 1), "staging": (1, 2), "production": (3, 15)}
MEMORY = {"development": (128, 1024), "staging": (256, 1024), "production": (512, 4096)}
# Resident memory of each service without its caches, in MiB, as measured: of NLP after an hour at 50 articles a second,
# of the others on an empty database.
WITHOUT_CACHES = {"news-ingestion": 108, "nlp-processing": 441, "market-impact": 169, "alert-signal": 106}
# What Pod Security "restricted" admits as volumes, as far as this chart needs them.
VOLUMES = {"emptyDir", "projected"}


def containers(objects: tuple[JSON, ...]) -> list[JSON]:
    return [container for pod in pod_templates(objects).values() for container in pod["spec"]["containers"]]


@EVERYWHERE
def test_every_pod_is_restricted(environment: str) -> None:
    pods = pod_templates(rendered(environment))

    # A Deployment and a test for each, and the migration of all.
    assert len(pods) == 2 * len(SERVICES) + 1
    for pod in pods.values():
        spec = pod["spec"]
        security = spec["securityContext"]
        assert security["runAsNonRoot"]
        assert security["runAsUser"] == 10001
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert {kind for volume in spec["volumes"] for kind in volume.keys() - {"name"}} <= VOLUMES
        assert "initContainers" not in spec, "they would need the same care"
    for container in containers(rendered(environment)):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert not [port for port in container.get("ports", []) if "hostPort" in port]


@EVERYWHERE
def test_no_pod_has_a_token_it_does_not_use_or_the_addresses_of_others_in_its_environment(environment: str) -> None:
    # A Service called `redis` would set REDIS_PORT to `tcp://…`, which is no port.
    for pod in pod_templates(rendered(environment)).values():
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False


@EVERYWHERE
def test_three_probes_ask_what_the_service_answers(environment: str) -> None:
    for deployment in of_kind(rendered(environment), "Deployment").values():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        asked = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}

        assert asked == {
            "startupProbe": {"path": "/health", "port": "http"},
            "livenessProbe": {"path": "/health", "port": "http"},
            "readinessProbe": {"path": "/ready", "port": "http"},
        }


@EVERYWHERE
def test_a_pod_serves_on_while_it_leaves_and_has_time_to_end(environment: str) -> None:
    for deployment in of_kind(rendered(environment), "Deployment").values():
        spec = deployment["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        waits = container["lifecycle"]["preStop"]["sleep"]["seconds"]

        # 5 s for running requests and 10 s to close workers and connections.
        assert waits >= 5
        assert spec["terminationGracePeriodSeconds"] >= waits + 15
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@EVERYWHERE
def test_selectors_find_their_pods_and_outlive_flaggers_renaming(environment: str) -> None:
    objects = rendered(environment)
    for name, deployment in of_kind(objects, "Deployment").items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        primary = labels | {"app": f"{name}-primary"}

        assert deployment["spec"]["selector"] == {"matchLabels": {"app": name}}, "one label that Flagger knows"
        for kind in ("PodDisruptionBudget", "PodMonitor", "AuthorizationPolicy"):
            if name in of_kind(objects, kind):
                selector = of_kind(objects, kind)[name]["spec"]["selector"]["matchLabels"]
                assert selector.items() <= primary.items()
                assert selector.items() <= labels.items()
        for constraint in deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]:
            assert constraint["labelSelector"]["matchLabels"].items() <= primary.items()
    for name, service in of_kind(objects, "Service").items():
        pod = pod_templates(objects)[f"Deployment/{name}"]
        assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        assert service["spec"]["ports"][0]["targetPort"] == pod["spec"]["containers"][0]["ports"][0]["name"]


@EVERYWHERE
def test_pods_tell_by_their_label_whether_flagger_has_them_on_trial(environment: str) -> None:
    has_flagger = merged_values(environment)["flagger"]["enabled"]
    for name, deployment in of_kind(rendered(environment), "Deployment").items():
        pod = deployment["spec"]["template"]
        sources = {one["name"]: one.get("valueFrom") for one in pod["spec"]["containers"][0]["env"]}
        told = sources.get("POD_APP")

        assert told == ({"fieldRef": {"fieldPath": "metadata.labels['app']"}} if has_flagger else None)
        label = pod["metadata"]["labels"]["app"]
        assert ServiceSettings.model_construct(pod_app=label).is_on_trial
        assert not ServiceSettings.model_construct(pod_app=f"{label}-primary").is_on_trial, name


@EVERYWHERE
def test_budgets_are_there_where_more_than_one_replica_is(environment: str) -> None:
    least, _most = REPLICAS[environment]

    budgets = of_kind(rendered(environment), "PodDisruptionBudget")

    assert len(budgets) == (len(SERVICES) if least > 1 else 0)
    assert all(budget["spec"]["maxUnavailable"] == 1 for budget in budgets.values())


@EVERYWHERE
def test_replicas_and_memory_are_those_promised_for_the_environment(environment: str) -> None:
    objects = rendered(environment)
    scalers = [item["spec"] for item in of_kind(objects, "HorizontalPodAutoscaler").values()]
    fixed = [item["spec"].get("replicas") for item in of_kind(objects, "Deployment").values()]
    bounds = [(spec["minReplicas"], spec["maxReplicas"]) for spec in scalers] or [(one, one) for one in fixed]

    least, most = REPLICAS[environment]
    assert min(low for low, _high in bounds) == least
    assert max(high for _low, high in bounds) == most
    lowest, highest = MEMORY[environment]
    for deployment in of_kind(objects, "Deployment").values():
        resources = deployment["spec"]["template"]["spec"]["containers"][0]["resources"]
        assert lowest <= mebibytes(resources["requests"]["memory"]) <= mebibytes(resources["limits"]["memory"])
        assert mebibytes(resources["limits"]["memory"]) <= highest


@EVERYWHERE
def test_a_pod_with_full_caches_fits_and_is_not_scaled_up_for_them(environment: str) -> None:
    objects = rendered(environment)
    for name, deployment in of_kind(objects, "Deployment").items():
        resources = deployment["spec"]["template"]["spec"]["containers"][0]["resources"]
        settings = of_kind(objects, "ConfigMap")[name]["data"]
        # 0.3 MB a ticker and 1 kB an event, as docs/configuration.md says.
        cached = 0.3 * int(settings.get("PRICE_CACHE_TICKERS", 0)) + int(settings.get("PAST_EVENTS_LIMIT", 0)) / 1_000
        scaler = of_kind(objects, "HorizontalPodAutoscaler").get(name)

        # A third on top for a batch of requests.
        assert (WITHOUT_CACHES[name] + cached) * 4 / 3 <= mebibytes(resources["limits"]["memory"])
        assert WITHOUT_CACHES[name] <= mebibytes(resources["requests"]["memory"])
        if scaler is not None:
            metrics = {metric["containerResource"]["name"]: metric for metric in scaler["spec"]["metrics"]}
            share = metrics["memory"]["containerResource"]["target"]["averageUtilization"] / 100
            assert WITHOUT_CACHES[name] + cached < share * mebibytes(resources["requests"]["memory"])


@pytest.mark.parametrize(
    "changes",
    [
        {"services": {"nlp": {"config": {"NLP_CHUNK_SIZE": "25"}}}},
        {"global": {"config": {"LOG_LEVEL": "DEBUG"}}},
        {"defaults": {"autoscaling": {"maxReplicas": 9}}},
    ],
)
def test_a_changed_value_starts_a_rollout(changes: JSON) -> None:
    def checksum(objects: list[JSON] | tuple[JSON, ...]) -> str:
        pod = of_kind(objects, "Deployment")["nlp-processing"]["spec"]["template"]
        return pod["metadata"]["annotations"]["checksum/values"]

    assert checksum(rendered("staging")) != checksum(render("staging", changes))


@EVERYWHERE
def test_migrations_are_hooks_and_no_init_containers(environment: str) -> None:
    (job,) = of_kind(rendered(environment), "Job").values()
    pod = job["spec"]["template"]["spec"]

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert {one["name"]: one["args"] for one in pod["containers"]} == {
        service.kubernetes_name: ["migrate", service.name] for service in SERVICES
    }
    # The hook runs before the release's own objects are there.
    assert "serviceAccountName" not in pod
    assert not any("envFrom" in one for one in pod["containers"])
