"""A real Alertmanager with the configuration of clusters/base/monitoring, in the form that the operator gives it."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import yaml

from tests.platform.support import monitoring
from tests.platform.support.chart import JSON, in_snake_case
from tests.platform.support.programs import program
from tests.platform.support.running import serving
from tests.system import free_port

Labels = Mapping[str, str]


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
    route = in_snake_case(given)
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
    subprocess.run([program("amtool"), "check-config", str(file)], check=True, capture_output=True, timeout=60)
    return file


def receivers_of(file: Path, labels: Labels) -> set[str]:
    """Return the receivers that an alert with these labels goes to."""
    command = [program("amtool"), "config", "routes", "test", f"--config.file={file}"]
    given = [f"{name}={value}" for name, value in labels.items()]
    done = subprocess.run([*command, *given], check=True, capture_output=True, text=True, timeout=60)
    return set(done.stdout.strip().split(","))


@contextmanager
def alertmanager(folder: Path) -> Iterator[httpx.Client]:
    """Run Alertmanager and return a client of its API."""
    address = f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        yield serving(
            stack,
            folder,
            program("prometheus-alertmanager"),
            f"--config.file={written(folder)}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
            base_url=f"http://{address}/api/v2",
            ready="/status",
        )


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
