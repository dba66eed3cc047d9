"""Names, ports, prefixes and settings in the chart are those of the code, and every Secret's key can be made."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.main import get_command

from charts.rendering import ENVIRONMENTS, NAMESPACE, merged_values, rendered
from common.gateway import SERVICES, Service
from standalone.cli import app
from standalone.system.composition import load_settings
from tests.platform.support.chart import JSON, ROOT, of_kind, pod_templates

EVERYWHERE = pytest.mark.parametrize("environment", ENVIRONMENTS)
EACH_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
CHART_PAGE = (ROOT / "docs" / "operations" / "chart.md").read_text(encoding="utf-8")


def app_container(environment: str, service: Service) -> JSON:
    (container,) = pod_templates(rendered(environment))[f"Deployment/{service.kubernetes_name}"]["spec"]["containers"]
    return container


def documented_secrets() -> dict[str, set[str]]:
    """Return the keys of each Secret of the services that the page on the chart makes."""
    joined = CHART_PAGE.replace("\\\n", " ")
    found = re.findall(rf"kubectl create secret generic (\S+)(.*--namespace {NAMESPACE}.*)", joined)
    return {name: set(re.findall(r"--from-literal=([\w-]+)=", rest)) for name, rest in found}


@EVERYWHERE
def test_the_services_are_those_of_the_gateway_table(environment: str) -> None:
    services = merged_values(environment)["services"]

    assert {
        name: (one["kubernetesName"], one["prefix"], one["port"], one["databaseSetting"], one["databaseName"])
        for name, one in services.items()
    } == {
        one.name: (one.kubernetes_name, one.prefix, one.port, one.database_setting, one.database_name)
        for one in SERVICES
    }


@EACH_SERVICE
def test_routes_lead_by_prefix_to_the_services_port_and_leave_paths_alone(service: Service) -> None:
    objects = rendered("development")
    (route,) = of_kind(objects, "VirtualService")[service.kubernetes_name]["spec"]["http"]

    assert route["match"] == [{"uri": {"prefix": f"{service.prefix}/"}}]
    assert "rewrite" not in route
    assert route["route"][0]["destination"] == {
        "host": f"{service.kubernetes_name}.{NAMESPACE}.svc.cluster.local",
        "port": {"number": service.port},
    }
    assert of_kind(objects, "Service")[service.kubernetes_name]["spec"]["ports"][0]["port"] == service.port
    doors = of_kind(objects, "VirtualService")[service.kubernetes_name]["spec"]["gateways"]
    assert doors == ["istio-ingress/public", "istio-ingress/internal"]


@EVERYWHERE
@EACH_SERVICE
def test_a_container_serves_its_service_on_its_port(environment: str, service: Service) -> None:
    container = app_container(environment, service)

    assert container["args"] == ["serve", service.name, "--host", "0.0.0.0", "--port", str(service.port)]
    assert container["ports"][0] == {"name": "http", "containerPort": service.port, "protocol": "TCP"}


@EVERYWHERE
def test_every_command_that_a_container_runs_exists(environment: str) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]

    for pod in pod_templates(rendered(environment)).values():
        verb, *rest = pod["spec"]["containers"][0]["args"]
        options = {option for parameter in commands[verb].params for option in parameter.opts}
        assert {argument for argument in rest if argument.startswith("--")} <= options


@EVERYWHERE
@EACH_SERVICE
def test_the_service_starts_with_the_settings_that_it_gets(
    environment: str, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = of_kind(rendered(environment), "ConfigMap")[service.kubernetes_name]["data"]
    given = dict(data)
    for entry in app_container(environment, service)["env"]:
        name = entry["name"]
        if name.endswith("_FILE"):
            (tmp_path / name).write_text("a secret of thirty-two characters or more", encoding="utf-8")
            given[name] = str(tmp_path / name)
        else:
            given[name] = "5432" if name.endswith("_PORT") else "example"
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    settings = load_settings(service)

    known = {name.upper() for name in type(settings).model_fields} | {service.database_setting}
    assert {name.removesuffix("_FILE") for name in given} <= known
    assert settings.environment == environment
    assert settings.service_token_secret is not None, "without it the server refuses to be reachable"
    assert settings.sqlalchemy_url().database == service.database_name


@EVERYWHERE
def test_no_secret_stands_in_a_config_map_or_in_the_open(environment: str) -> None:
    objects = rendered(environment)
    data = [value for item in of_kind(objects, "ConfigMap").values() for value in item["data"]]
    plain = [
        entry["name"]
        for pod in pod_templates(objects).values()
        for container in pod["spec"]["containers"]
        for entry in container["env"]
        if "value" in entry
    ]

    assert of_kind(objects, "Secret") == {}
    assert not [name for name in data if re.search(r"PASSWORD|SECRET|KEY$", name)]
    assert not [name for name in plain if re.search(r"PASSWORD|SECRET|KEY$", name) and not name.endswith("_FILE")]


@EVERYWHERE
def test_every_reference_to_a_config_map_or_secret_resolves(environment: str) -> None:
    objects, made = rendered(environment), documented_secrets()

    for pod in pod_templates(objects).values():
        for name, key in referenced_keys(pod["spec"]):
            assert key in made[name], f"docs/operations/chart.md makes no {name}/{key}"
        for container in pod["spec"]["containers"]:
            for source in container.get("envFrom", []):
                assert source["configMapRef"]["name"] in of_kind(objects, "ConfigMap")
    assert {name for name, _key in all_references(objects)} == set(made), "no Secret is made for nothing"


@EVERYWHERE
def test_every_secret_file_that_a_setting_names_is_mounted(environment: str) -> None:
    for pod in pod_templates(rendered(environment)).values():
        (volume,) = [volume for volume in pod["spec"]["volumes"] if volume["name"] == "secrets"]
        items = [item for source in volume["projected"]["sources"] for item in source["secret"]["items"]]
        for container in pod["spec"]["containers"]:
            folder = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}["secrets"]
            files = {f"{folder}/{item['path']}" for item in items}

            assert {entry["value"] for entry in container["env"] if entry["name"].endswith("_FILE")} == files


@EVERYWHERE
def test_the_gateway_answers_to_the_address_that_services_call(environment: str) -> None:
    gateway = merged_values(environment)["gateway"]

    assert gateway["hosts"] == ["*"] or urlsplit(gateway["url"]).hostname in gateway["hosts"]


@EVERYWHERE
def test_the_pools_of_all_replicas_leave_room_in_postgresql(environment: str) -> None:
    objects = rendered(environment)
    total = 0
    for service in SERVICES:
        pool = int(of_kind(objects, "ConfigMap")[service.kubernetes_name]["data"].get("DB_POOL_MAX_SIZE", 20))
        scaler = of_kind(objects, "HorizontalPodAutoscaler").get(service.kubernetes_name)
        total += pool * (scaler["spec"]["maxReplicas"] if scaler else 1)

    # The page on the chart asks for a server with this many connections.
    (limit,) = re.findall(rf"{environment}: max_connections ≥ (\d+)", CHART_PAGE)
    # A canary doubles each at worst for a while.
    assert total * 2 <= int(limit)


def referenced_keys(spec: JSON) -> list[tuple[str, str]]:
    found = []
    for container in spec["containers"]:
        given = [entry["valueFrom"] for entry in container["env"] if "valueFrom" in entry]
        sources = [one["secretKeyRef"] for one in given if "secretKeyRef" in one]
        found += [(source["name"], source["key"]) for source in sources]
    for volume in spec["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            found += [(source["secret"]["name"], item["key"]) for item in source["secret"]["items"]]
    return found


def all_references(objects: tuple[JSON, ...]) -> list[tuple[str, str]]:
    return [one for pod in pod_templates(objects).values() for one in referenced_keys(pod["spec"])]
