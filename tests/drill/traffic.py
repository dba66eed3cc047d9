"""Clients that call through the gateway all the time, and keep every answer."""

import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from tests.platform.support.chart import JSON

_PAUSE_SECONDS = 0.4
_COMPANIES = ("Apple", "Boeing", "Microsoft", "Caterpillar", "Pfizer", "Chevron", "Walmart", "Nike", "Intel", "Merck")
_EVENTS = (
    "raises its outlook",
    "misses estimates",
    "recalls products",
    "wins a contract",
    "cuts jobs",
    "names a new chief",
)
_REASONS = ("strong demand", "a strike", "higher costs", "a court's ruling", "weak orders", "a merger", "new tariffs")


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


def is_good(status: int | str) -> bool:
    """Return whether a request was answered, and with success."""
    return isinstance(status, int) and status < httpx.codes.MULTIPLE_CHOICES


@dataclass
class Traffic:
    """All answers so far, and the articles that the system said it had taken."""

    answers: list[Answer] = field(default_factory=list)
    article_ids: list[str] = field(default_factory=list)

    def since(self, at: float, service: str | None = None) -> list[Answer]:
        """Return the answers after a moment, of one service or of all."""
        return [one for one in self.answers if one.at >= at and service in {None, one.service}]

    def statuses(self, at: float, service: str | None = None) -> Counter[int | str]:
        """Return how often each status came after a moment."""
        return Counter(one.status for one in self.since(at, service))


@dataclass(frozen=True)
class Door:
    """Where clients come in.

    Parameters
    ----------
    gateway : the address of a pod of the gateway, where a load balancer would send them.
    host : the public name.
    """

    gateway: str
    host: str
    key: str = field(repr=False)

    def client(self) -> httpx.Client:
        """Return a client that comes in here; its certificate is the drill's own."""
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        headers = {"Host": self.host, "X-API-Key": self.key}
        return httpx.Client(
            base_url=f"https://{self.gateway}", headers=headers, verify=trusting, timeout=10, trust_env=False
        )

    def ask(
        self,
        http: httpx.Client,
        method: str,
        path: str,
        body: JSON | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Make one request."""
        return http.request(method, path, json=body, headers=headers, extensions={"sni_hostname": self.host})


@contextmanager
def traffic(door: Door, calls: list[Call]) -> Iterator[Traffic]:
    """Make each call on a thread of its own, and post articles on one more, while the block runs."""
    seen, stopping = Traffic(), threading.Event()
    threads = [threading.Thread(target=_call, args=(door, one, seen, stopping)) for one in calls]
    threads.append(threading.Thread(target=_post_articles, args=(door, seen, stopping)))
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _call(door: Door, call: Call, seen: Traffic, stopping: threading.Event) -> None:
    with door.client() as http:
        while not stopping.wait(_PAUSE_SECONDS):
            _ask(door, http, call, seen)


def _post_articles(door: Door, seen: Traffic, stopping: threading.Event) -> None:
    draw = random.Random(time.monotonic_ns())
    with door.client() as http:
        while not stopping.wait(_PAUSE_SECONDS):
            body = {"articles": [new_article(draw)]}
            answer = _ask(door, http, Call("news-ingestion", "POST", "/news/v1/articles", body), seen)
            if answer is not None and answer.is_success:
                created = [one for one in answer.json()["data"] if one["status"] == "created"]
                seen.article_ids.extend(one["article_id"] for one in created)


def new_article(draw: random.Random) -> JSON:
    """Return an article that nobody has posted before."""
    words = (draw.choice(_COMPANIES), draw.choice(_EVENTS), draw.choice(_REASONS))
    return {
        "title": f"{words[0]} {words[1]} on {words[2]}, {draw.randrange(10**6)} units",
        "url": f"https://wire.example.com/{draw.getrandbits(60):x}",
        "published_at": datetime.now(UTC).isoformat(),
    }


def _ask(door: Door, http: httpx.Client, call: Call, seen: Traffic) -> httpx.Response | None:
    begun, answer = time.monotonic(), None
    try:
        answer = door.ask(http, call.method, call.path, call.body)
        status: int | str = answer.status_code
    except httpx.HTTPError as error:
        status = type(error).__name__
    seen.answers.append(Answer(begun, call.service, status, time.monotonic() - begun))
    return answer
