"""The charts of others as an archive of Helm's kind, under the versions that clusters/ pins."""

from pathlib import Path

import yaml
from helm_python import package, repo_index_generate

from charts.rendering import RELEASE
from tests.platform.support.chart import of_kind
from tests.platform.support.clusters import step
from tests.platform.support.foreign_charts import CHARTS, chart_folder
from tests.platform.support.programs import module_folder
from tests.platform.support.schemas import DEFINITIONS

# Charts that no module carries are empty; what they define is in a module of their project, and they bring it.
DEFINED_BY = {"monitoring": "github.com/prometheus-operator/prometheus-operator", "keda": "github.com/kedacore/keda/v2"}


def pack_charts(folder: Path, address: str) -> list[str]:
    """Write the archives and their index; return the charts that are replaced by an empty one, with their versions."""
    replaced = []
    for release, item in of_kind(step("production", "sources"), "HelmChart").items():
        name, version = item["spec"]["chart"], item["spec"]["version"]
        if release in CHARTS:
            package(chart_folder(release), destination=folder, version=version)
        else:
            package(_empty_chart(folder / "empty", release, name, version), destination=folder)
            replaced.append(f"{name} {version}")
    assert RELEASE not in replaced
    repo_index_generate(folder, base_url=address)
    return replaced


def _empty_chart(parent: Path, release: str, name: str, version: str) -> Path:
    folder = parent / name
    (folder / "crds").mkdir(parents=True)
    chart = {"apiVersion": "v2", "name": name, "version": version, "description": "Stands in for the real chart."}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(chart), encoding="utf-8")
    (folder / "values.yaml").write_text("{}\n", encoding="utf-8")
    module = DEFINED_BY.get(release)
    if module is not None:
        for path in sorted(module_folder(module).glob(DEFINITIONS[module])):
            (folder / "crds" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return folder
