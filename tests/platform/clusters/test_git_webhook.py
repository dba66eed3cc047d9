"""A push is told to Flux by the Git server: by the public door, signed, and all that it brings about is a look."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest
import yaml

from tests.platform.support.api_server import APIServer, until
from tests.platform.support.chart import JSON, of_kind
from tests.platform.support.clusters import CLUSTERS, everything, step
from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.programs import cluster_program, module_folder
from tests.platform.support.running import answers, started
from tests.system import free_port

FLUX, NAME = "flux-system", "git-webhook"
NOTIFICATION, SOURCE = "notification.toolkit.fluxcd.io/v1", "source.toolkit.fluxcd.io/v1"
EVERY_CLUSTER = pytest.mark.parametrize("cluster", CLUSTERS)
TOKEN = "of the Git server"


def receiver_service() -> JSON:
    """Return the Service by which Flux is called, as Flux brings it."""
    file = module_folder("github.com/fluxcd/notification-controller") / "config" / "manager" / "service.yaml"
    return of_kind(list(yaml.safe_load_all(file.read_text(encoding="utf-8"))), "Service")["webhook-receiver"]


@EVERY_CLUSTER
def test_the_public_door_leads_to_the_receiver_and_to_nothing_else_of_flux(cluster: str) -> None:
    items = everything(cluster)
    (public,) = [
        one for one in of_kind(items, "Gateway")["public"]["spec"]["servers"] if one["tls"].get("mode") == "SIMPLE"
    ]
    route = of_kind(items, "VirtualService")[NAME]
    (rule,) = route["spec"]["http"]

    assert route["metadata"]["namespace"] == "istio-ingress"
    assert route["spec"]["gateways"] == ["public"]
    assert route["spec"]["hosts"] == public["hosts"]
    assert rule["match"] == [{"uri": {"prefix": "/hook/"}, "method": {"exact": "POST"}}]
    (destination,) = [one["destination"] for one in rule["route"]]
    service = receiver_service()
    assert destination["host"] == f"{service['metadata']['name']}.{FLUX}.svc.cluster.local"
    assert destination["port"]["number"] in {one["port"] for one in service["spec"]["ports"]}


@EVERY_CLUSTER
def test_a_push_has_flux_look_at_the_repository_that_every_step_reads(cluster: str) -> None:
    receiver = of_kind(step(cluster, "configs"), "Receiver")[NAME]

    assert receiver["metadata"]["namespace"] == FLUX
    assert [(one["kind"], one["name"]) for one in receiver["spec"]["resources"]] == [("GitRepository", FLUX)]
    assert receiver["spec"]["events"] == ["ping", "push"]


@dataclass
class Webhook:
    """Where the controller listens, and the path that it gave the receiver."""

    http: httpx.Client
    path: str
    server: APIServer

    def post(self, event: str, token: str, path: str = "") -> int:
        """Post as the Git server does; return the status of the answer."""
        body = b'{"ref": "refs/heads/main"}'
        signature = hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        return self.http.post(path or self.path, content=body, headers=headers).status_code

    def looks(self) -> str | None:
        """Return when Flux was last asked to look at the repository."""
        repository = self.server.get("GitRepository", FLUX, FLUX, version=SOURCE)
        assert repository is not None
        asked: str | None = repository["metadata"].get("annotations", {}).get("reconcile.fluxcd.io/requestedAt")
        return asked


@pytest.fixture(scope="module")
def webhook(control_plane: ControlPlane, server: APIServer) -> Iterator[Webhook]:
    """The real controller, with the receiver and the repository of staging."""
    address, health = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with ExitStack() as stack:
        process = started(
            stack,
            control_plane.folder,
            cluster_program("notification-controller"),
            f"--receiverAddr={address}",
            f"--events-addr=127.0.0.1:{free_port()}",
            f"--metrics-addr=127.0.0.1:{free_port()}",
            f"--health-addr={health}",
            "--enable-leader-election=false",
            KUBECONFIG=str(control_plane.kubeconfig),
            RUNTIME_NAMESPACE=FLUX,
        )
        http = stack.enter_context(httpx.Client(base_url=f"http://{address}", trust_env=False))
        answers(process, f"http://{health}/healthz", http)
        (secret,) = [one for one in step("staging", "secrets") if one["metadata"]["name"] == NAME]
        plain = {key: one for key, one in secret.items() if key != "sops"}
        server.apply(plain | {"stringData": dict.fromkeys(secret["stringData"], TOKEN)})
        server.apply(of_kind(step("staging", FLUX), "GitRepository")[FLUX])
        server.apply(of_kind(step("staging", "configs"), "Receiver")[NAME])

        def status() -> JSON:
            found = server.get("Receiver", NAME, FLUX, version=NOTIFICATION)
            assert found is not None
            given: JSON = found.get("status", {})
            return given

        until(lambda: "webhookPath" in status(), 30, lambda: f"the receiver has no path: {status()}")
        yield Webhook(http, status()["webhookPath"], server)


def test_a_signed_push_has_flux_look_at_once(webhook: Webhook) -> None:
    before = webhook.looks()

    assert webhook.path.startswith("/hook/")
    assert webhook.post("push", TOKEN) == httpx.codes.OK
    assert webhook.looks() not in {None, before}


@pytest.mark.parametrize(
    ("event", "token", "path", "status"),
    [
        ("push", "of a stranger", "", httpx.codes.BAD_REQUEST),
        ("issues", TOKEN, "", httpx.codes.BAD_REQUEST),
        ("push", TOKEN, f"/hook/{'0' * 64}", httpx.codes.NOT_FOUND),
    ],
)
def test_what_is_unsigned_or_no_push_or_beside_the_path_moves_nothing(
    webhook: Webhook, event: str, token: str, path: str, status: int
) -> None:
    before = webhook.looks()

    assert webhook.post(event, token, path) == status
    assert webhook.looks() == before
