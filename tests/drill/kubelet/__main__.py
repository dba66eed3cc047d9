"""Stands in for the kubelet of one node: registers it, and runs the pods that are bound to it as processes.

Not what a kubelet does: no image is pulled, no resource is limited, and NetworkPolicies are nobody's.
"""

import argparse
import contextlib
import json
import os
import platform
import signal
import ssl
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.drill.kubelet.network import NODE_ADDRESS, Network
from tests.drill.kubelet.pod import Pod
from tests.drill.kubelet.references import moment
from tests.drill.kubelet.usage import usage_of
from tests.platform.support.api_server import APIServer
from tests.platform.support.chart import JSON
from tests.platform.support.quantities import quantity

_LOOK_SECONDS = 0.4
_LEASE_SECONDS = 8.0


class Kubelet:
    """One node."""

    def __init__(self, server: APIServer, node: str, number: int, images: Path, folder: Path) -> None:
        self._server = server
        self._node = node
        self._number = number
        self._images = images
        self._folder = folder
        self._network = Network(number)
        self._pods: dict[str, Pod] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Run until told to stop; then every pod is killed with the process."""
        self._register()
        threading.Thread(target=self._renew, daemon=True).start()
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                self._sync()
            except (httpx.HTTPError, KeyError) as error:
                self.say(f"{type(error).__name__}: {error}")

    def stop(self, *_: object) -> None:
        """Let `run` return."""
        self._stopping.set()

    def say(self, text: str) -> None:
        """Write a line into the log."""
        sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")
        sys.stderr.flush()

    def metrics(self) -> str:
        """Return what cAdvisor and kube-state-metrics would say of the pods here, as far as rollouts ask."""
        lines = []
        pods = list(self._pods.values())
        firsts = {(pod.namespace, pod.name, name): pid for pod in pods for name, pid in pod.first_processes().items()}
        used = usage_of(firsts.values())
        for (namespace, pod_name, container), pid in firsts.items():
            labels = f'namespace="{namespace}",pod="{pod_name}",container="{container}"'
            lines.append(f"container_cpu_usage_seconds_total{{{labels}}} {used[pid].seconds}")
            lines.append(f"container_memory_working_set_bytes{{{labels}}} {used[pid].resident_bytes}")
        for pod in pods:
            own = f'namespace="{pod.namespace}",pod="{pod.name}"'
            for (container, resource), amount in pod.limits().items():
                labels = f'{own},container="{container}",resource="{resource}"'
                lines.append(f"kube_pod_container_resource_limits{{{labels}}} {quantity(amount)}")
        return "".join(f"{line}\n" for line in lines)

    def _sync(self) -> None:
        services = self._services()
        found = {one["uid"]: one for one in self._bound()}
        for uid, metadata in found.items():
            if uid not in self._pods:
                item = self._server.get("Pod", metadata["name"], metadata["namespace"])
                if item is None or item["metadata"]["uid"] != uid:
                    continue
                folder = self._folder / f"{metadata['namespace']}_{metadata['name']}_{uid[:8]}"
                folder.mkdir(parents=True)
                self._pods[uid] = Pod(self._server, item, self._images, self._network, folder, self.say)
                self._pods[uid].write_hosts(services)
                self._pods[uid].begin()
            if "deletionTimestamp" in metadata:
                self._pods[uid].leave(float(metadata.get("deletionGracePeriodSeconds", 30)))
        for uid in [one for one in self._pods if one not in found]:
            # Deleted past the kubelet, as after the loss of a node.
            self._pods[uid].leave(0.0)
            if self._pods[uid].is_over:
                del self._pods[uid]
        for pod in self._pods.values():
            pod.write_hosts(services)

    def _bound(self) -> list[JSON]:
        """Return the metadata of the pods that are to run here: of what is asked so often, the smallest answer."""
        answer = self._server.http.get(
            self._server.path("v1", "Pod", None),
            params={"fieldSelector": f"spec.nodeName={self._node}"},
            headers={"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"},
        )
        # Where there are none, the list is null.
        return [one["metadata"] for one in answer.raise_for_status().json()["items"] or []]

    def _services(self) -> dict[str, str]:
        found = {}
        for item in self._server.items("Service"):
            address, metadata = item["spec"].get("clusterIP"), item["metadata"]
            if address not in {None, "None"}:
                found[f"{metadata['name']}.{metadata['namespace']}"] = address
        # It runs beside the cluster, and agents call it past the sidecar.
        return found | {"istiod.istio-system": NODE_ADDRESS}

    def _register(self) -> None:
        room = {"cpu": "64", "memory": "256Gi", "pods": "200"}
        labels = {"kubernetes.io/hostname": self._node, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        item = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self._node, "labels": {**labels, "topology.kubernetes.io/zone": self._node}},
        }
        answer = self._server.http.post(self._server.path("v1", "Node", None), json=item)
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()
        self._write_node_status(room)

    def _write_node_status(self, room: dict[str, str]) -> None:
        condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": moment()}
        status = {
            "capacity": room,
            "allocatable": room,
            "addresses": [{"type": "InternalIP", "address": NODE_ADDRESS}, {"type": "Hostname", "address": self._node}],
            "conditions": [{**condition, "lastTransitionTime": moment()}],
            # By the kubelet's version istiod decides whether sidecars start before the containers and end after them.
            "nodeInfo": _node_info(),
        }
        self._server.http.patch(
            f"{self._server.path('v1', 'Node', None, self._node)}/status",
            json={"status": status},
            headers={"Content-Type": "application/strategic-merge-patch+json"},
        ).raise_for_status()

    def _renew(self) -> None:
        path = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{self._node}"
        while not self._stopping.is_set():
            at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            spec = {"holderIdentity": self._node, "leaseDurationSeconds": 40, "renewTime": at}
            lease = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": self._node, "namespace": "kube-node-lease"},
                "spec": spec,
            }
            try:
                self._server.http.patch(
                    path,
                    params={"fieldManager": "kubelet", "force": "true"},
                    content=json.dumps(lease),
                    headers={"Content-Type": "application/apply-patch+yaml"},
                ).raise_for_status()
            except httpx.HTTPError as error:
                self.say(f"the lease was not renewed: {error}")
            self._stopping.wait(_LEASE_SECONDS)


def _node_info() -> dict[str, str]:
    unknown = ("machineID", "systemUUID", "bootID", "osImage", "kubeProxyVersion")
    known = {
        "kernelVersion": platform.release(),
        "containerRuntimeVersion": "processes://1",
        "kubeletVersion": "v1.35.3",
        "operatingSystem": "linux",
        "architecture": "amd64",
    }
    return {**dict.fromkeys(unknown, "none"), **known}


def _client(kubeconfig: JSON) -> httpx.Client:
    cluster, user = kubeconfig["clusters"][0]["cluster"], kubeconfig["users"][0]["user"]
    trusted = ssl.create_default_context(cafile=cluster["certificate-authority"])
    headers = {"Authorization": f"Bearer {user['token']}"}
    limits = httpx.Limits(max_connections=100)
    return httpx.Client(
        base_url=cluster["server"], headers=headers, verify=trusted, trust_env=False, timeout=60, limits=limits
    )


def _serve_metrics(kubelet: Kubelet, port: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = kubelet.metrics().encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            # Whoever asked may have gone.
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((NODE_ADDRESS, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def reap() -> None:
    """Go on in a child, and be what the first process of a namespace must be: who waits for everybody's orphans."""
    own = os.fork()
    if own == 0:
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: os.kill(own, number))
    while True:
        pid, status = os.wait()
        if pid == own:
            # With this process all others of the namespace end.
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def main() -> None:
    """Run one node until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--node", required=True)
    parser.add_argument("--number", type=int, required=True, help="third part of the addresses of its pods")
    parser.add_argument("--images", type=Path, required=True, help="what stands for images, as images.py writes it")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--metrics-port", type=int, required=True)
    given = parser.parse_args()
    reap()
    with _client(json.loads(given.kubeconfig.read_text(encoding="utf-8"))) as http:
        kubelet = Kubelet(APIServer(http), given.node, given.number, given.images, given.folder)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, kubelet.stop)
        _serve_metrics(kubelet, given.metrics_port)
        kubelet.run()


main()
