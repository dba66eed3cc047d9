"""The chart rendered for an environment: real Helm as a library, once for each set of values."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from helm_python import chart as helm

JSON = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "market-impact-analysis-system"
RELEASE, NAMESPACE = "market-impact", "financial-news"
ENVIRONMENTS = ("development", "staging", "production")

# Objects of Kubernetes itself, which have a schema; the others are custom resources.
CORE_GROUPS = ("", "apps", "autoscaling", "batch", "networking.k8s.io", "policy")


def given_values(environment: str) -> JSON:
    """Return the values of the environment's own file."""
    if environment == "development":
        return {}
    return helm.values_from_yaml((CHART / f"values-{environment}.yaml").read_text(encoding="utf-8"))


@cache
def merged_values(environment: str) -> JSON:
    """Return the values that a release in this environment has."""
    with helm.Chart.load(CHART) as loaded:
        return loaded.merge_values(given_values(environment))


def deep_merged(base: JSON, changes: JSON) -> JSON:
    merged = dict(base)
    for key, value in changes.items():
        is_map = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = deep_merged(merged[key], value) if is_map else value
    return merged


def render(environment: str, changes: JSON | None = None) -> list[JSON]:
    """Return every object of a release, hooks and tests included."""
    with helm.Chart.load(CHART) as loaded:
        values = deep_merged(given_values(environment), changes or {})
        loaded.validate_schema(values)
        files = loaded.render(values, name=RELEASE, namespace=NAMESPACE, is_install=True)
    texts = (text for path, text in sorted(files.items()) if path.endswith(".yaml"))
    return [item for text in texts for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item]


@cache
def rendered(environment: str) -> tuple[JSON, ...]:
    """Return what the environment's values alone give."""
    return tuple(render(environment))


def of_kind(objects: tuple[JSON, ...] | list[JSON], kind: str) -> dict[str, JSON]:
    """Return the objects of one kind by name."""
    return {item["metadata"]["name"]: item for item in objects if item["kind"] == kind}


def group(item: JSON) -> str:
    return item["apiVersion"].rpartition("/")[0]


def pod_templates(objects: tuple[JSON, ...]) -> dict[str, JSON]:
    """Return every pod that the objects make, by `Kind/name`, as `{metadata, spec}`."""
    found = {}
    for item in objects:
        name = f"{item['kind']}/{item['metadata']['name']}"
        if item["kind"] == "Pod":
            found[name] = item
        elif item["kind"] in {"DaemonSet", "Deployment", "Job"}:
            found[name] = item["spec"]["template"]
    return found
