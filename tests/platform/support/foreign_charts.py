"""The charts of others that our releases install, as far as a Go module carries them."""

from pathlib import Path

import yaml
from helm_python import chart as helm

from charts.rendering import deep_merged
from tests.platform.support.chart import JSON
from tests.platform.support.clusters import releases
from tests.platform.support.programs import module_folder

ISTIO, FLAGGER = "istio.io/istio", "github.com/fluxcd/flagger"
# Of these the charts are in a module; the charts of Kiali, KEDA and kube-prometheus-stack are in none.
CHARTS = {
    "istio-base": (ISTIO, "manifests/charts/base"),
    "istio-cni": (ISTIO, "manifests/charts/istio-cni"),
    "istiod": (ISTIO, "manifests/charts/istio-control/istio-discovery"),
    "istio-ingress": (ISTIO, "manifests/charts/gateway"),
    "flagger": (FLAGGER, "charts/flagger"),
    "flagger-loadtester": (FLAGGER, "charts/loadtester"),
}


def chart_folder(release: str) -> Path:
    """Return where the chart of a release lies."""
    module, path = CHARTS[release]
    return module_folder(module) / path


def rendered_chart(release: str, changes: JSON | None = None) -> list[JSON]:
    """Return every object that the chart of a release gives with our values, in the release's namespace."""
    spec = releases("production")[release]
    values, namespace = deep_merged(spec.get("values", {}), changes or {}), spec["targetNamespace"]
    with helm.Chart.load(chart_folder(release)) as loaded:
        files = loaded.render(values, name=spec["releaseName"], namespace=namespace, is_install=True)
    texts = (text for path, text in sorted(files.items()) if path.endswith(".yaml"))
    items = [item for text in texts for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item]
    return [item | {"metadata": {"namespace": namespace} | item["metadata"]} for item in items]
