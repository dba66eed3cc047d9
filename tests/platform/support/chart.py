"""Objects of the rendered chart, found by kind, and the pods that they make."""

import re
from pathlib import Path
from typing import Any

JSON = dict[str, Any]

ROOT = Path(__file__).resolve().parents[3]

# Objects of Kubernetes itself, which have a schema; the others are custom resources.
CORE_GROUPS = ("", "apps", "autoscaling", "batch", "networking.k8s.io", "policy", "rbac.authorization.k8s.io")


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


def in_snake_case(given: JSON) -> JSON:
    """Return a map with the names of a custom resource (`targetLabel`) as the program's own files have them."""
    return {re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name): value for name, value in given.items()}
