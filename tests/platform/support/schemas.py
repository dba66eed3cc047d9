"""Strict schemas of custom resources, from the definitions that their projects publish."""

from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.platform.support.chart import JSON
from tests.platform.support.programs import module_folder

# Where in its module each project keeps its definitions.
DEFINITIONS = {
    "github.com/fluxcd/flagger": "artifacts/flagger/crd.yaml",
    "github.com/fluxcd/helm-controller": "config/crd/bases/*.yaml",
    "github.com/fluxcd/kustomize-controller": "config/crd/bases/*.yaml",
    "github.com/fluxcd/notification-controller": "config/crd/bases/*.yaml",
    "github.com/fluxcd/source-controller": "config/crd/bases/*.yaml",
    "github.com/kedacore/keda/v2": "config/crd/bases/*.yaml",
    "github.com/prometheus-operator/prometheus-operator": "example/prometheus-operator-crd/*.yaml",
    "istio.io/api": "kubernetes/customresourcedefinitions.gen.yaml",
}


class Loader(yaml.CSafeLoader):
    """Reads `=`, which old YAML gives a meaning, as the text that definitions mean by it."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


@cache
def custom_resources() -> dict[tuple[str, str], JSON]:
    """Return the strict JSON schema of each (apiVersion, kind) that is served."""
    found = {}
    for module, pattern in DEFINITIONS.items():
        for path in sorted(module_folder(module).glob(pattern)):
            for definition in filter(None, yaml.load_all(path.read_text(encoding="utf-8"), Loader=Loader)):
                spec = definition["spec"]
                for version in (one for one in spec["versions"] if one["served"]):
                    key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                    schema = strict(version["schema"]["openAPIV3Schema"])
                    # Definitions say little about what every object has.
                    schema["properties"] |= {name: {"type": "string"} for name in ("apiVersion", "kind")}
                    schema["properties"]["metadata"] = {"type": "object", "required": ["name", "namespace"]}
                    found[key] = schema
    return found


def strict(schema: Any) -> Any:
    """Return the schema with every unknown field forbidden, which the API server would drop in silence."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        closed["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            closed.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
    return closed


def faults(item: JSON) -> list[str]:
    """Return what is wrong with an object of a custom resource; one without a definition is wrong altogether."""
    schema = custom_resources().get((item["apiVersion"], item["kind"]))
    name = f"{item['kind']}/{item['metadata']['name']}"
    if schema is None:
        return [f"{name}: {item['apiVersion']} is not known"]
    return [f"{name}: {error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(item)]
