"""What a rollout looked like from second to second: its weight, and how both versions and the clients fared."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from tests.drill.traffic import Traffic, is_good
from tests.platform.support.chart import JSON

_PAUSE_SECONDS = 2.0
_WINDOW = "10s"


class Watched(Protocol):
    """What is looked at: a cluster."""

    def canary(self, name: str) -> JSON:
        """Return the status of a service's Canary."""
        ...

    def measure(self, query: str) -> float | None:
        """Return what Prometheus says."""
        ...


@dataclass(frozen=True)
class Moment:
    """One look.

    Parameters
    ----------
    at : seconds since the first look.
    weight : percent of the requests that the canary is given.
    errors, latency : of canary and primary: percent of 5xx, 99th percentile in milliseconds; None without requests.
    client_errors : percent of the clients' requests since the last look that were not answered by 2xx.
    """

    at: float
    phase: str
    weight: int
    failed_checks: int
    errors: tuple[float | None, float | None]
    latency: tuple[float | None, float | None]
    client_errors: float | None


@dataclass
class Timeline:
    """The looks at one rollout, in order."""

    service: str
    title: str
    moments: list[Moment] = field(default_factory=list)

    def changes(self) -> list[Moment]:
        """Return the looks at which phase, weight or failed checks had changed."""
        found: list[Moment] = []
        for one in self.moments:
            if not found or _state(found[-1]) != _state(one):
                found.append(one)
        return found


@contextmanager
def recorded(cluster: Watched, service: str, title: str, seen: Traffic) -> Iterator[Timeline]:
    """Look at a rollout every two seconds while the block runs."""
    timeline, stopping = Timeline(service, title), threading.Event()
    thread = threading.Thread(target=_record, args=(cluster, timeline, seen, stopping))
    thread.start()
    try:
        yield timeline
    finally:
        stopping.set()
        thread.join()


def _record(cluster: Watched, timeline: Timeline, seen: Traffic, stopping: threading.Event) -> None:
    begun = last = time.monotonic()
    while not stopping.wait(_PAUSE_SECONDS):
        now = time.monotonic()
        answers = seen.since(last, timeline.service)
        last = now
        try:
            status = cluster.canary(timeline.service)
            hosts = (f"{timeline.service}-canary", f"{timeline.service}-primary")
            errors = tuple(cluster.measure(_errors(host)) for host in hosts)
            latency = tuple(cluster.measure(_latency(host)) for host in hosts)
        except httpx.HTTPError:
            continue
        failed = [one for one in answers if not is_good(one.status)]
        timeline.moments.append(
            Moment(
                at=now - begun,
                phase=status.get("phase", ""),
                weight=status.get("canaryWeight", 0),
                failed_checks=status.get("failedChecks", 0),
                errors=(errors[0], errors[1]),
                latency=(latency[0], latency[1]),
                client_errors=100.0 * len(failed) / len(answers) if answers else None,
            )
        )


def _errors(host: str) -> str:
    requests = f'rate(istio_requests_total{{reporter="source",destination_service_name="{host}"'
    return f'100 * (sum({requests},response_code=~"5.."}}[{_WINDOW}])) or vector(0)) / sum({requests}}}[{_WINDOW}]))'


def _latency(host: str) -> str:
    buckets = f'istio_request_duration_milliseconds_bucket{{destination_service_name="{host}"}}'
    return f"histogram_quantile(0.99, sum by (le) (rate({buckets}[{_WINDOW}])))"


def _state(one: Moment) -> tuple[str, int, int]:
    return one.phase, one.weight, one.failed_checks
