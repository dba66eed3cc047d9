"""What tests ask of an API server: apply an object as Flux does, read one, wait until one is as it should be."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx
import yaml

from tests.platform.support.chart import JSON, pod_templates
from tests.platform.support.programs import module_folder
from tests.platform.support.schemas import DEFINITIONS, Loader

FIELD_MANAGER = "tests"


class Refused(AssertionError):
    """The API server did not take an object; the message is its own."""


@dataclass
class APIServer:
    """An API server, asked with the rights of its administrator."""

    http: httpx.Client
    _resources: dict[tuple[str, str], JSON] = field(default_factory=dict, repr=False)

    def apply(self, item: JSON, *, dry_run: bool = False) -> JSON:
        """Apply an object on the server's side; unknown fields are refused, not dropped.

        Returns
        -------
        dict, what the server made of it. With `dry_run` nothing is kept, after everything was checked.
        """
        answer = self.http.patch(
            self.path(item["apiVersion"], item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]),
            params={
                "fieldManager": FIELD_MANAGER,
                "force": "true",
                "fieldValidation": "Strict",
                **({"dryRun": "All"} if dry_run else {}),
            },
            # JSON is YAML, and written far faster.
            content=json.dumps(item),
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        if answer.is_error:
            raise Refused(f"{item['kind']}/{item['metadata']['name']}: {answer.json()['message']}")
        applied: JSON = answer.json()
        return applied

    def get(self, kind: str, name: str, namespace: str | None = None, *, version: str = "v1") -> JSON | None:
        """Return an object, or None where there is none."""
        answer = self.http.get(self.path(version, kind, namespace, name))
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        answer.raise_for_status()
        found: JSON = answer.json()
        return found

    def items(self, kind: str, namespace: str | None = None, *, version: str = "v1") -> list[JSON]:
        """Return every object of a kind, of one namespace or of all."""
        answer = self.http.get(self.path(version, kind, namespace))
        answer.raise_for_status()
        found: list[JSON] = answer.json()["items"]
        return found

    def patch(self, kind: str, name: str, namespace: str, change: JSON, *, version: str = "v1") -> None:
        """Change fields of an object as somebody does by hand."""
        self.http.patch(
            self.path(version, kind, namespace, name),
            json=change,
            headers={"Content-Type": "application/merge-patch+json"},
        ).raise_for_status()

    def path(self, version: str, kind: str, namespace: str | None, name: str = "") -> str:
        """Return the path of an object, or of all of a kind."""
        resource = self._resource(version, kind)
        root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        scope = f"/namespaces/{namespace or 'default'}" if resource["namespaced"] and (name or namespace) else ""
        return f"{root}{scope}/{resource['name']}" + (f"/{name}" if name else "")

    def knows(self, version: str, kind: str) -> bool:
        """Tell whether the server has such objects."""
        try:
            self._resource(version, kind)
        except Refused:
            return False
        return True

    def _resource(self, version: str, kind: str) -> JSON:
        if (version, kind) not in self._resources:
            answer = self.http.get(f"/api/{version}" if "/" not in version else f"/apis/{version}")
            if answer.is_error:
                raise Refused(f"{version} is not known")
            for resource in answer.json()["resources"]:
                if "/" not in resource["name"]:
                    self._resources[version, resource["kind"]] = resource
        if (version, kind) not in self._resources:
            raise Refused(f"{kind} of {version} is not known")
        return self._resources[version, kind]


def definitions() -> Iterable[JSON]:
    """Yield the definition of every custom resource, as their projects publish them."""
    for module, pattern in DEFINITIONS.items():
        for path in sorted(module_folder(module).glob(pattern)):
            yield from filter(None, yaml.load_all(path.read_text(encoding="utf-8"), Loader=Loader))


def define(server: APIServer, items: Iterable[JSON]) -> None:
    """Apply definitions, and wait until the server serves what they define."""
    wanted = set()
    for item in items:
        spec = server.apply(item)["spec"]
        wanted |= {
            (f"{spec['group']}/{one['name']}", spec["names"]["kind"]) for one in spec["versions"] if one["served"]
        }

    def served() -> bool:
        return all(server.knows(version, kind) for version, kind in wanted)

    until(served, 30, "the definitions are not served")


def refusals(server: APIServer, items: Iterable[JSON]) -> list[str]:
    """Return what the server has against each object; nothing is kept."""
    found = []
    for item in items:
        try:
            server.apply(item, dry_run=True)
        except Refused as refused:
            found.append(str(refused))
    return found


def pods(items: Iterable[JSON]) -> list[JSON]:
    """Return a pod as each workload would make it; Pod Security speaks of pods only, not of what makes them."""
    made = []
    for item in items:
        for name, template in pod_templates((item,)).items():
            metadata = {
                "labels": template["metadata"].get("labels", {}),
                "annotations": template["metadata"].get("annotations", {}),
                "name": name.replace("/", "-").lower(),
                "namespace": item["metadata"]["namespace"],
            }
            # A dry run has kept no account that it could name.
            spec = {key: value for key, value in template["spec"].items() if key != "serviceAccountName"}
            made.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    return made


def until(is_so: Callable[[], object], seconds: float, otherwise: str | Callable[[], str], pause: float = 0.2) -> float:
    """Wait until something is so, at most so long; return how many seconds it took, or fail with `otherwise`."""
    begun = time.monotonic()
    while not is_so():
        if time.monotonic() - begun > seconds:
            raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())
        time.sleep(pause)
    return time.monotonic() - begun
