"""A Kubernetes control plane for tests: the real programs, on free ports of loopback, in a folder that goes with them.

Only the machines are missing: kwok says of every pod that it runs and is ready, and of every Job's that it has ended.
"""

import json
import secrets
import ssl
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import yaml

from tests.platform.support.programs import cluster_program
from tests.platform.support.running import Process, answers, started
from tests.system import free_port

SERVICES_RANGE = "10.96.0.0/16"


@dataclass
class ControlPlane:
    """etcd, the API server and Kubernetes' controllers; and where pods are to run, the scheduler and kwok."""

    folder: Path
    # Where the API server listens; pods that run reach no loopback but their own.
    host: str = "127.0.0.1"
    # Until a machine that says nothing counts as lost. On a busy one kwok's sign of life comes late, and most tests do
    # not try what happens without a machine.
    patience: str = "1h"
    address: str = ""
    token: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    processes: dict[str, Process] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack, repr=False)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def client(self) -> httpx.Client:
        """Return a client that may do everything."""
        trusted = ssl.create_default_context(cafile=str(self.folder / "certificates" / "apiserver.crt"))
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.address, headers=headers, verify=trusted, trust_env=False, timeout=60)

    def _start(self, stack: ExitStack) -> None:
        # All of them are looked for before the first is started.
        for name in ("etcd", "kube-apiserver", "kube-controller-manager"):
            cluster_program(name)
        with httpx.Client(trust_env=False) as plain:
            self._start_server(stack, self._start_etcd(stack, plain))
        self._run(
            stack,
            "kube-controller-manager",
            *self._acting(),
            f"--secure-port={free_port()}",
            f"--cert-dir={self.folder / 'controller-manager'}",
            f"--service-account-private-key-file={self.folder / 'accounts.key'}",
            f"--root-ca-file={self.folder / 'certificates' / 'apiserver.crt'}",
            f"--node-monitor-grace-period={self.patience}",
        )

    def start_machines(self) -> None:
        """Let pods be scheduled, and be ready: from now on there is a node."""
        for name in ("kube-scheduler", "kwok"):
            cluster_program(name)
        self.start_scheduler()
        self._run(self._stack, "kwok", f"--kubeconfig={self.kubeconfig}", "--manage-all-nodes", "--cidr=10.244.0.0/16")
        with self.client() as api:
            api.post("/api/v1/nodes", json=_node()).raise_for_status()

    def start_scheduler(self) -> None:
        """Let pods be bound to the machines that there are."""
        port = f"--secure-port={free_port()}"
        self._run(self._stack, "kube-scheduler", *self._acting(), port, f"--cert-dir={self.folder / 'scheduler'}")

    def _run(self, stack: ExitStack, name: str, *arguments: str) -> Process:
        self.processes[name] = started(stack, self.folder, cluster_program(name), *arguments)
        return self.processes[name]

    def _start_etcd(self, stack: ExitStack, plain: httpx.Client) -> str:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        etcd = self._run(
            stack,
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        )
        answers(etcd, f"{client}/health", plain)
        return client

    def _start_server(self, stack: ExitStack, etcd: str) -> None:
        port = free_port()
        self.address = f"https://{self.host}:{port}"
        certificates = self.folder / "certificates"
        accounts = self.folder / "accounts.key"
        subprocess.run(
            ["openssl", "genrsa", "-out", str(accounts), "2048"], capture_output=True, check=True, timeout=60
        )
        (self.folder / "tokens.csv").write_text(f'{self.token},admin,admin,"system:masters"\n', encoding="utf-8")
        server = self._run(
            stack,
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            f"--bind-address={self.host}",
            f"--secure-port={port}",
            f"--cert-dir={certificates}",
            # Pods of kwok could not reach loopback, so nobody is told of it; the address itself is never called.
            "--advertise-address=192.0.2.1",
            "--endpoint-reconciler-type=none",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            f"--service-account-key-file={accounts}",
            f"--service-account-signing-key-file={accounts}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={SERVICES_RANGE}",
            "--allow-privileged",
            # Debian's etcd 3.4 lacks what these ask of it; clients would try again and again before they do without.
            "--feature-gates=WatchList=false,SizeBasedListCostEstimate=false",
        )
        with httpx.Client(trust_env=False, verify=False) as unproven:
            answers(server, f"{self.address}/readyz", unproven)
        self.kubeconfig.write_text(json.dumps(self._access()), encoding="utf-8")

    def _acting(self) -> tuple[str, ...]:
        return (f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1")

    def _access(self) -> dict[str, object]:
        """Return a kubeconfig, which is YAML and so may be JSON."""
        server = {"server": self.address, "certificate-authority": str(self.folder / "certificates" / "apiserver.crt")}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": server}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
            "current-context": "tests",
        }


def _node() -> dict[str, object]:
    return yaml.safe_load(
        """
        apiVersion: v1
        kind: Node
        metadata:
          name: node
          annotations: {kwok.x-k8s.io/node: fake}
          labels: {kubernetes.io/hostname: node, kubernetes.io/os: linux, kubernetes.io/arch: amd64}
        status:
          allocatable: {cpu: "64", memory: 256Gi, pods: "200"}
          capacity: {cpu: "64", memory: 256Gi, pods: "200"}
        """
    )
