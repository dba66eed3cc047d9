"""What a pod's specification refers to: values of the environment and files of volumes, as the API server has them."""

import base64
import json
import math
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.platform.support.api_server import APIServer
from tests.platform.support.chart import JSON
from tests.platform.support.quantities import quantity

_VARIABLE = re.compile(r"\$\((\w+)\)")


class MissingReference(Exception):
    """A Secret, a ConfigMap or a key of one that the pod needs is not there yet."""


@dataclass(frozen=True)
class References:
    """Reads what one pod refers to.

    Parameters
    ----------
    address, node_address : of the pod and of its node, which the API server may not know yet.
    """

    server: APIServer
    pod: JSON
    address: str
    node_address: str

    @property
    def namespace(self) -> str:
        """Return the namespace, in which everything is that a pod may refer to."""
        namespace: str = self.pod["metadata"]["namespace"]
        return namespace

    def environment(self, container: JSON) -> dict[str, str]:
        """Return the variables of a container, later ones over earlier ones, with `$(NAME)` replaced."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            for kind in ("ConfigMap", "Secret"):
                reference = source.get(f"{kind[0].lower()}{kind[1:]}Ref")
                if reference is not None:
                    data = self._data(kind, reference["name"], optional=reference.get("optional", False))
                    found |= {source.get("prefix", "") + key: value.decode() for key, value in data.items()}
        for variable in container.get("env", []):
            value = self._value(container, variable["valueFrom"]) if "valueFrom" in variable else variable.get("value")
            if value is not None:
                found[variable["name"]] = expanded(value, found)
        return found

    def write_volume(self, volume: JSON, folder: Path, group: int | None) -> None:
        """Write the files of a volume into a folder; one that is only room stays empty."""
        folder.mkdir(parents=True, exist_ok=True)
        written = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(written, ignore_errors=True)
        written.mkdir()
        for name, content in self._files(volume).items():
            file = written / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            # As a kubelet does: for the pod's group, and where there is none, for everybody in the pod.
            file.chmod(0o444 if group is None else 0o440)
        for file in written.rglob("*"):
            shutil.move(file, folder / file.relative_to(written))
        written.rmdir()
        for file in (folder, *folder.rglob("*")):
            if group is not None:
                shutil.chown(file, group=group)
            if file.is_dir():
                # Room, too, belongs to whoever runs in the pod.
                file.chmod(0o2777)

    def _files(self, volume: JSON) -> dict[str, bytes]:
        sources = volume.get("projected", {}).get("sources", [])
        sources += [{kind: volume[kind]} for kind in ("secret", "configMap", "downwardAPI") if kind in volume]
        files: dict[str, bytes] = {}
        for source in sources:
            for kind, resource in (("secret", "Secret"), ("configMap", "ConfigMap")):
                if kind in source:
                    files |= self._projected(resource, source[kind])
            for item in source.get("downwardAPI", {}).get("items", []):
                files[item["path"]] = self._field(item["fieldRef"]["fieldPath"]).encode()
            if "serviceAccountToken" in source:
                files[source["serviceAccountToken"]["path"]] = self._token(source["serviceAccountToken"])
        return files

    def _projected(self, resource: str, source: JSON) -> dict[str, bytes]:
        name = source.get("name", source.get("secretName"))
        data = self._data(resource, name, optional=source.get("optional", False))
        if "items" not in source:
            return data
        try:
            return {item["path"]: data[item["key"]] for item in source["items"]}
        except KeyError as missing:
            raise MissingReference(f"{resource} {name} has no {missing}") from missing

    def _data(self, kind: str, name: str, *, optional: bool) -> dict[str, bytes]:
        item = self.server.get(kind, name, self.namespace)
        if item is None:
            if optional:
                return {}
            raise MissingReference(f"{kind} {name} is not there")
        data: dict[str, str] = item.get("data") or {}
        if kind == "Secret":
            return {key: base64.b64decode(value) for key, value in data.items()}
        return {key: value.encode() for key, value in data.items()}

    def _value(self, container: JSON, source: JSON) -> str | None:
        for kind, resource in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            if kind in source:
                reference = source[kind]
                optional = reference.get("optional", False)
                data = self._data(resource, reference["name"], optional=optional)
                if reference["key"] in data:
                    return data[reference["key"]].decode()
                if optional:
                    return None
                raise MissingReference(f"{resource} {reference['name']} has no {reference['key']}")
        if "fieldRef" in source:
            return self._field(source["fieldRef"]["fieldPath"])
        return _resource(container, source["resourceFieldRef"]["resource"])

    def _field(self, path: str) -> str:
        """Return what the downward API says: a field of the pod, all its labels, or one of them."""
        metadata, spec = self.pod["metadata"], self.pod["spec"]
        one = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
        if one:
            return str(metadata.get(one[1], {}).get(one[2], ""))
        if path in {"metadata.labels", "metadata.annotations"}:
            given = metadata.get(path.partition(".")[2], {})
            return "\n".join(f"{key}={json.dumps(value)}" for key, value in sorted(given.items()))
        fields = {
            "metadata.name": metadata["name"],
            "metadata.namespace": metadata["namespace"],
            "metadata.uid": metadata["uid"],
            "spec.nodeName": spec["nodeName"],
            "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
            "status.podIP": self.address,
            "status.podIPs": self.address,
            "status.hostIP": self.node_address,
        }
        return str(fields[path])

    def _token(self, wanted: JSON) -> bytes:
        account = self.pod["spec"].get("serviceAccountName", "default")
        audiences = [wanted["audience"]] if "audience" in wanted else []
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": audiences,
                "expirationSeconds": wanted.get("expirationSeconds", 3600),
                "boundObjectRef": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": self.pod["metadata"]["name"],
                    "uid": self.pod["metadata"]["uid"],
                },
            },
        }
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{account}/token"
        answer = self.server.http.post(path, json=request)
        answer.raise_for_status()
        token: str = answer.json()["status"]["token"]
        return token.encode()


def expanded(text: str, variables: dict[str, str]) -> str:
    """Return the text with each `$(NAME)` replaced whose variable is known."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text)


def _resource(container: JSON, name: str) -> str:
    """Return a limit or a request: processors rounded up, bytes; 0 where there is none."""
    kind, _, resource = name.partition(".")
    given = str(container.get("resources", {}).get(kind, {}).get(resource, "0"))
    return str(math.ceil(quantity(given)))


def moment() -> str:
    """Return the present moment as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
