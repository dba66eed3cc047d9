"""Two releases on the same databases behind one gateway: this code, and the code of the previous release."""

import asyncio
import io
import json
import os
import re
import subprocess
import tarfile
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.gateway import SERVICES, Service
from standalone.system.envoy_config import envoy_bootstrap
from standalone.system.processes import ProcessSystem, held_ports, start_envoy

ROOT = Path(__file__).resolve().parents[2]
RECORD = tomllib.loads((ROOT / "migrations" / "previous_release.toml").read_text(encoding="utf-8"))
# What a release needs to run, and its contracts.
PARTS = ["alembic.ini", "contracts", "libs", "migrations", "services"]
JSON = dict[str, Any]


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=False)


def unpack_previous_release(folder: Path) -> None:
    """Write the code of the previous release into a folder; the test is skipped where the history does not have it."""
    commit = RECORD["commit"]
    try:
        packed = git("archive", "--format=tar", commit, *PARTS)
    except FileNotFoundError:
        pytest.skip("Git is not there, which has the code of the previous release")
    if packed.returncode:
        pytest.skip(f"the history here does not reach back to {commit[:12]} ({packed.stderr.decode().strip()})")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")


@dataclass
class Rollout:
    """The processes of both releases; the gateway routes each service to one of the two."""

    before: ProcessSystem
    after: ProcessSystem
    folder: Path
    gateway: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, system: ProcessSystem) -> None:
        """Start the four services of one release and wait until they are ready."""
        for service in SERVICES:
            await system.start_service(service)
        for service in SERVICES:
            await system.wait_until_ready(service)

    async def route(self, *renewed: Service) -> None:
        """Let the gateway lead to this code for the services given, and to the previous release for the others."""
        await self.close_gateway()
        ports = {**self.before.ports, **{service.name: self.after.ports[service.name] for service in renewed}}
        configuration = self.folder / f"envoy-{'-'.join(one.name for one in renewed) or 'before'}.json"
        port = int(self.before.address.rpartition(":")[2])
        configuration.write_text(json.dumps(envoy_bootstrap(port, ports)), encoding="utf-8")
        self.gateway.append(await start_envoy(configuration))

    async def close_gateway(self) -> None:
        """End the gateway that runs, if one does."""
        for process in self.gateway:
            process.terminate()
            await process.wait()
        self.gateway.clear()


@asynccontextmanager
async def rollout(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Rollout]:
    """Databases with this code's schema, and both releases: the one before runs, this one is yet to be started."""
    code = folder / "before"
    unpack_previous_release(code)
    names = [service.name for service in SERVICES]
    with held_ports(0, 2 * len(SERVICES)) as (port, *ports):
        shared = {**environment, "GATEWAY_URL": f"http://127.0.0.1:{port}", "OUTBOX_POLL_SECONDS": "0.2"}
        older = os.pathsep.join(str(code / part) for part in ("libs", "services"))
        before, after = (
            ProcessSystem(shared["GATEWAY_URL"], dict(zip(names, own, strict=True)), variables)
            for own, variables in (
                (ports[: len(names)], {**shared, "PYTHONPATH": older}),
                (ports[len(names) :], shared),
            )
        )
        both = Rollout(before, after, folder)
        try:
            await both.start(before)
            await both.route()
            yield both
        finally:
            await both.close_gateway()
            await asyncio.gather(before.stop(), after.stop())


async def read_everything(address: str, contracts: Mapping[str, JSON]) -> dict[str, int]:
    """Ask every GET of the contracts that needs no more than the ids which the lists give; return status by path."""
    statuses: dict[str, int] = {}
    async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as http:
        for document in contracts.values():
            ids: dict[str, str] = {}
            for path in sorted(_readable(document), key=lambda one: (one.count("{"), one)):
                if not ids.keys() >= set(re.findall(r"{(\w+)}", path)):
                    continue
                response = await http.get(path.format_map(ids))
                statuses[path] = response.status_code
                if response.is_success and "json" in response.headers["content-type"]:
                    _remember(response.json(), ids)
    return statuses


def _readable(document: JSON) -> list[str]:
    """Return the paths of every GET that ends and has no query parameter that must be given."""
    return [
        path
        for path, methods in document["paths"].items()
        if "get" in methods
        and "text/event-stream" not in methods["get"]["responses"]["200"]["content"]
        and not any(one["in"] == "query" and one.get("required") for one in methods["get"].get("parameters", []))
    ]


def _remember(answer: Any, ids: dict[str, str]) -> None:
    """Keep the first id of each kind that a list names."""
    items = answer.get("data") if isinstance(answer, dict) else None
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            for name, value in item.items():
                if isinstance(value, str) and (name.endswith("_id") or name in {"ticker", "version"}):
                    ids.setdefault(name, value)
