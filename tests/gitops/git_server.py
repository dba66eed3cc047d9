"""A server on loopback: a bare repository behind Git's own smart HTTP, a folder of charts, and a registry beside it."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from tests.gitops.registry import Registry, digest_of

GIT, REGISTRY = "/git/", "/v2/"


class Handler(SimpleHTTPRequestHandler):
    """Answers `/git/` by `git http-backend`, `/v2/` from the registry, and everything else from the folder."""

    protocol_version = "HTTP/1.1"
    repositories: ClassVar[str] = ""
    registry: ClassVar[Registry] = Registry()

    def do_GET(self) -> None:
        if self.path.startswith(GIT):
            self._ask_git(b"")
        elif self.path.startswith(REGISTRY):
            self._ask_registry()
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        if self.path.startswith(REGISTRY):
            self._ask_registry()
        else:
            super().do_HEAD()

    def do_POST(self) -> None:
        self._ask_git(self._body())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing: Flux asks every two seconds."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while length := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _ask_registry(self) -> None:
        media_type, content = self.registry.answer(urlsplit(self.path).path) or ("", b"")
        self.send_response(200 if media_type else 404)
        self.send_header("Content-Type", media_type or "text/plain")
        self.send_header("Docker-Content-Digest", digest_of(content))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def _ask_git(self, body: bytes) -> None:
        address = urlsplit(self.path)
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": self.repositories,
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": address.path.removeprefix(GIT.rstrip("/")),
                "QUERY_STRING": address.query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
            capture_output=True,
            check=False,
            timeout=60,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def git_server(repositories: Path, charts: Path, registry: Registry) -> Iterator[str]:
    """Serve both folders and the registry; gives the address."""
    handler = type("Here", (Handler,), {"repositories": str(repositories), "registry": registry})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(charts))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
