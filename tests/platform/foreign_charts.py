"""The charts of others that our releases install, as far as a Go module carries them."""

from functools import cache
from pathlib import Path

import yaml
from helm_python import chart as helm

from tests.platform.chart import JSON
from tests.platform.clusters import releases
from tests.platform.programs import module_folder

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


@cache
def rendered_chart(release: str) -> tuple[str, tuple[JSON, ...]]:
    """Return the namespace of a release, and every object that its chart gives with our values."""
    spec = releases("production")[release]
    with helm.Chart.load(chart_folder(release)) as loaded:
        files = loaded.render(
            spec.get("values", {}), name=spec["releaseName"], namespace=spec["targetNamespace"], is_install=True
        )
    texts = (text for path, text in sorted(files.items()) if path.endswith(".yaml"))
    items = tuple(item for text in texts for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item)
    return spec["targetNamespace"], items
