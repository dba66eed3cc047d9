"""Objects of the rendered chart, found by kind, and the pods that they make."""

from pathlib import Path
from typing import Any

JSON = dict[str, Any]

ROOT = Path(__file__).resolve().parents[3]

# Objects of Kubernetes itself, which have a schema; the others are custom resources.
CORE_GROUPS = ("", "apps", "autoscaling", "batch", "networking.k8s.io", "policy")


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
