"""Values that our releases give to the charts of others are values that those charts have."""

import pytest
import yaml

from tests.platform.support.chart import JSON
from tests.platform.support.clusters import releases, step
from tests.platform.support.foreign_charts import CHARTS, chart_folder

# Maps that the charts hand on as they are, to Istio's mesh configuration or into a pod.
FREE = {"meshConfig", "labels", "context", "securityContext", "env", "volumes", "volumeMounts"}


def chart_values(name: str) -> JSON:
    given = yaml.safe_load((chart_folder(name) / "values.yaml").read_text(encoding="utf-8"))
    # Istio's charts keep their defaults under a name of their own.
    return {**given, **given.get("_internal_defaults_do_not_set", {}), **given.get("defaults", {})}


def unknown(values: JSON, known: JSON, path: str = "") -> list[str]:
    """Return the path of every value that the chart's own values do not have."""
    missing = []
    for key, value in values.items():
        here = f"{path}.{key}".lstrip(".")
        if key not in known:
            missing.append(here)
        elif isinstance(value, dict) and isinstance(known[key], dict) and known[key] and key not in FREE:
            missing += unknown(value, known[key], here)
    return missing


@pytest.mark.parametrize("name", CHARTS)
def test_every_value_is_one_that_the_chart_has(name: str) -> None:
    assert unknown(releases("production")[name].get("values", {}), chart_values(name)) == []


def test_a_misspelt_value_would_be_noticed() -> None:
    assert unknown({"cni": {"enable": True}, "pilott": {}}, chart_values("istiod")) == ["cni.enable", "pilott"]
    assert unknown({"cmd": {"namespaceRegex": ""}}, chart_values("flagger-loadtester")) == ["cmd.namespaceRegex"]


def test_the_pinned_versions_of_flagger_are_those_whose_charts_are_read() -> None:
    pinned = {
        item["metadata"]["name"]: item["spec"]["version"]
        for item in step("production", "sources")
        if item["kind"] == "HelmChart"
    }
    for name in ("flagger", "flagger-loadtester"):
        chart = yaml.safe_load((chart_folder(name) / "Chart.yaml").read_text(encoding="utf-8"))
        assert chart["version"] == pinned[name]
