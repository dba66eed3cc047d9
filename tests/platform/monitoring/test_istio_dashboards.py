"""Istio's dashboards are there by reference: of the Istio that is installed, and about what is scraped."""

import json
import re

import pytest

from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.clusters import CLUSTERS, releases, step
from tests.platform.support.foreign_charts import rendered_chart
from tests.platform.support.programs import module_folder

EVERY_CLUSTER = pytest.mark.parametrize("cluster", CLUSTERS)
FOLDER = "manifests/addons/dashboards"


def references() -> dict[str, str]:
    """Return the address of each dashboard by the name of the file that it becomes."""
    config = of_kind(step("production", "monitoring"), "ConfigMap")["istio-dashboards"]
    return {key.removesuffix(".url"): value for key, value in config["data"].items() if key.endswith(".url")}


def board(file: str) -> JSON:
    """Return a dashboard as Istio's module carries it."""
    name = references()[file].rpartition("/")[2]
    found: JSON = json.loads((module_folder("istio.io/istio") / FOLDER / name).read_text(encoding="utf-8"))
    return found


@EVERY_CLUSTER
def test_the_sidecar_finds_them_and_fetches_what_they_name(cluster: str) -> None:
    config = of_kind(step(cluster, "monitoring"), "ConfigMap")["istio-dashboards"]
    sidecar = releases(cluster)["monitoring"]["values"]["grafana"]["sidecar"]["dashboards"]

    assert config["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert sidecar["searchNamespace"] == "ALL"
    # By this ending the content is taken for an address, and the rest of the key for the file's name.
    assert all(key.endswith(".json.url") for key in config["data"])
    assert len(config["data"]) == 4


def test_they_are_of_the_version_of_istio_that_is_installed() -> None:
    version = of_kind(step("production", "sources"), "HelmChart")["istiod"]["spec"]["version"]

    for address in references().values():
        assert re.fullmatch(
            rf"https://raw\.githubusercontent\.com/istio/istio/{re.escape(version)}/{FOLDER}/[\w.-]+\.json", address
        ), address


@pytest.mark.parametrize("file", references())
def test_a_dashboard_exists_and_finds_prometheus_by_itself(file: str) -> None:
    """Those that grafana.com hands out ask whoever imports them for a data source."""
    variables = {one["name"]: one for one in board(file)["templating"]["list"]}

    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    assert "__inputs" not in board(file)


def test_what_the_control_plane_is_told_by_is_a_label_of_its_targets() -> None:
    (monitor,) = [
        one
        for one in step("production", "monitoring")
        if one["kind"] == "PodMonitor" and one["metadata"]["name"] == "istiod"
    ]
    (istiod,) = [one for one in rendered_chart("istiod") if one["kind"] == "Deployment"]
    asked = set(re.findall(r'\{(\w+)=\\"istiod\\"\}', json.dumps(board("istio-control-plane.json"))))

    assert asked == {"app"}
    assert asked <= set(monitor["spec"]["podTargetLabels"])
    assert istiod["spec"]["template"]["metadata"]["labels"]["app"] == "istiod"
