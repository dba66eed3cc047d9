"""A real Alertmanager with the configuration of clusters/base/monitoring, in the form that the operator gives it."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import yaml

from tests.platform.support import monitoring
from tests.platform.support.chart import JSON

Labels = Mapping[str, str]


def required(name: str) -> str:
    """Return the path of a program of Alertmanager; the test is skipped without it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is missing; `make platform-tools` installs it")
    return found


def configuration() -> JSON:
    """Return our AlertmanagerConfig as Alertmanager reads it; addresses that Secrets hold lead nowhere."""
    (config,) = [item for item in monitoring.objects() if item["kind"] == "AlertmanagerConfig"]
    spec = config["spec"]
    return {
        "route": _route(spec["route"]),
        "inhibit_rules": [
            {
                "source_matchers": _matchers(rule["sourceMatch"]),
                "target_matchers": _matchers(rule["targetMatch"]),
                "equal": rule["equal"],
            }
            for rule in spec["inhibitRules"]
        ],
        "receivers": [
            {
                "name": one["name"],
                "webhook_configs": [
                    {"url": hook.get("url", "http://127.0.0.1:9/"), "send_resolved": hook["sendResolved"]}
                    for hook in one.get("webhookConfigs", [])
                ],
            }
            for one in spec["receivers"]
        ],
    }


def _route(given: JSON) -> JSON:
    route = {re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name): value for name, value in given.items()}
    if "matchers" in route:
        route["matchers"] = _matchers(route["matchers"])
    if "routes" in route:
        route["routes"] = [_route(one) for one in route["routes"]]
    return route


def _matchers(given: list[JSON]) -> list[str]:
    return [f'{one["name"]}{one.get("matchType", "=")}"{one["value"]}"' for one in given]


def written(folder: Path) -> Path:
    """Write the configuration into `folder` and return its file, which `amtool` has found right."""
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(configuration()), encoding="utf-8")
    subprocess.run([required("amtool"), "check-config", str(file)], check=True, capture_output=True, timeout=60)
    return file


def receivers_of(file: Path, labels: Labels) -> set[str]:
    """Return the receivers that an alert with these labels goes to."""
    command = [required("amtool"), "config", "routes", "test", f"--config.file={file}"]
    given = [f"{name}={value}" for name, value in labels.items()]
    done = subprocess.run([*command, *given], check=True, capture_output=True, text=True, timeout=60)
    return set(done.stdout.strip().split(","))


@contextmanager
def alertmanager(folder: Path) -> Iterator[httpx.Client]:
    """Run Alertmanager and return a client of its API."""
    file = written(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        required("prometheus-alertmanager"),
        f"--config.file={file}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://{address}/api/v2", trust_env=False) as client:
            _wait_until_ready(client, process, folder)
            yield client
    finally:
        process.terminate()
        process.wait(15)


def _wait_until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + 30.0
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.get("/status").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError((folder / "alertmanager.log").read_text(encoding="utf-8")[-2_000:])


def mutes(client: httpx.Client, source: Labels, target: Labels) -> bool:
    """Return whether `target` is muted while `source` fires too; afterwards neither fires."""
    now = datetime.now(UTC)
    # Alertmanager learns of what fires alert by alert: when the last two mute each other, it knows the first two.
    fence = {"slo": "fence", "service": uuid4().hex}
    marks = [{"alertname": "Fence", "severity": severity, **fence} for severity in ("critical", "warning")]

    def post(end: datetime) -> None:
        period = {"startsAt": (now - timedelta(minutes=1)).isoformat(), "endsAt": end.isoformat()}
        alerts = [{"labels": dict(one), **period} for one in (source, target, *marks)]
        client.post("/alerts", json=alerts).raise_for_status()

    def muted() -> dict[str, bool]:
        listed = client.get("/alerts").raise_for_status().json()
        return {_key(one["labels"]): bool(one["status"]["inhibitedBy"]) for one in listed}

    post(now + timedelta(minutes=5))
    deadline = time.monotonic() + 10.0
    while not (found := muted()).get(_key(marks[1])):
        assert time.monotonic() < deadline, "Alertmanager mutes nothing"
        time.sleep(0.01)
    post(now)
    return found[_key(target)]


def _key(labels: Labels) -> str:
    return repr(sorted(labels.items()))
