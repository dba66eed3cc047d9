"""Clients that call through the gateway all the time, and keep every answer."""

import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.platform.support.chart import JSON

_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Call:
    """One request that is made again and again."""

    service: str
    method: str
    path: str
    body: JSON | None = None


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    Parameters
    ----------
    at : seconds on a clock that never jumps.
    status : of HTTP, or the class of the exception.
    """

    at: float
    service: str
    status: int | str
    seconds: float


@dataclass
class Traffic:
    """All answers so far."""

    answers: list[Answer] = field(default_factory=list)

    def since(self, at: float, service: str | None = None) -> list[Answer]:
        """Return the answers after a moment, of one service or of all."""
        return [one for one in self.answers if one.at >= at and service in {None, one.service}]

    def statuses(self, at: float, service: str | None = None) -> Counter[int | str]:
        """Return how often each status came after a moment."""
        return Counter(one.status for one in self.since(at, service))


@contextmanager
def traffic(gateway: str, host: str, key: str, calls: list[Call]) -> Iterator[Traffic]:
    """Make each call on a thread of its own while the block runs.

    Parameters
    ----------
    gateway : the address of a pod of the gateway, where a load balancer would send them.
    host : the public name.
    """
    seen, stopping = Traffic(), threading.Event()
    threads = [threading.Thread(target=_call, args=(gateway, host, key, one, seen, stopping)) for one in calls]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _call(gateway: str, host: str, key: str, call: Call, seen: Traffic, stopping: threading.Event) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with httpx.Client(base_url=f"https://{gateway}", verify=trusting, timeout=10, trust_env=False) as http:
        while not stopping.wait(_PAUSE_SECONDS):
            begun = time.monotonic()
            try:
                answer = http.request(
                    call.method,
                    call.path,
                    json=call.body,
                    headers={"Host": host, "X-API-Key": key},
                    extensions={"sni_hostname": host},
                )
                status: int | str = answer.status_code
            except httpx.HTTPError as error:
                status = type(error).__name__
            seen.answers.append(Answer(begun, call.service, status, time.monotonic() - begun))
