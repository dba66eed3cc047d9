"""What good clients do: they send on time, try again until they are told, and remember what they were told."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from tests.faults.campaign.plan import Plan, Post, Step

_TIMEOUT_SECONDS = 30.0
_MAX_WAIT_SECONDS = 2.0
_PATIENCE_SECONDS = 240.0


@dataclass(slots=True)
class Accepted:
    """What the system has accepted of one article: its identifiers (one, if all is well), the title, a retraction."""

    article_ids: set[str] = field(default_factory=set)
    title: str = ""
    n_corrections: int = 0
    is_retracted: bool = False


@dataclass(slots=True)
class Told:
    """What the clients know at the end."""

    articles: dict[str, Accepted] = field(default_factory=dict)
    rejected: list[str] = field(default_factory=list)
    given_up: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    latencies_seconds: list[float] = field(default_factory=list)
    acknowledged_seconds: list[float] = field(default_factory=list)


class Clients:
    """The clients of one campaign; each does its steps one after the other."""

    def __init__(self, http: httpx.AsyncClient, plan: Plan, seed: int) -> None:
        self._http = http
        self._plan = plan
        self._rng = random.Random(f"clients {seed}")
        self._n_left = len(plan.steps)
        self.told = Told()

    @property
    def n_left(self) -> int:
        """Return how many steps are still to be done."""
        return self._n_left

    async def run(self) -> None:
        """Do every step, none before its time."""
        begun = time.monotonic()
        own: dict[int, list[Step]] = {}
        for step in self._plan.steps:
            own.setdefault(step.client, []).append(step)
        await asyncio.gather(*(self._one_client(steps, begun) for steps in own.values()))

    async def _one_client(self, steps: list[Step], begun: float) -> None:
        for step in steps:
            await asyncio.sleep(max(0.0, begun + step.at_seconds - time.monotonic()))
            if step.kind == "post":
                await self._post(step.posts)
            else:
                await self._retract(step.url)
            self._n_left -= 1

    async def _post(self, posts: tuple[Post, ...]) -> None:
        body = {"articles": [post.as_json() for post in posts]}
        response = await self._until_told("POST", "/news/v1/articles", body)
        if response is None:
            return
        for post, answer in zip(posts, response.json()["data"], strict=True):
            if answer["status"] == "rejected":
                self.told.rejected.append(f"{post.title}: {answer['error']}")
                continue
            accepted = self.told.articles.setdefault(post.url, Accepted())
            accepted.article_ids.add(answer["article_id"])
            accepted.n_corrections += accepted.title not in {"", post.title}
            accepted.title = post.title

    async def _retract(self, url: str) -> None:
        accepted = self.told.articles.get(url)
        if accepted is None:
            return
        (article_id,) = accepted.article_ids
        response = await self._until_told("DELETE", f"/news/v1/articles/{article_id}", None)
        accepted.is_retracted = response is not None

    async def _until_told(self, method: str, path: str, body: object) -> httpx.Response | None:
        """Return the answer that settles the request, after as many tries as that takes; None when patience ended."""
        asked = time.monotonic()
        tries = 0
        while time.monotonic() - asked < _PATIENCE_SECONDS:
            tries += 1
            response = await self._send(method, path, body)
            # A retraction whose answer was lost is not there any more: it is done.
            if response is not None and (response.is_success or (method == "DELETE" and response.status_code == 404)):
                self.told.acknowledged_seconds.append(time.monotonic() - asked)
                return response
            if response is not None and response.status_code < 500 and response.status_code != 429:
                raise AssertionError(f"{method} {path} was refused: {response.status_code} {response.text[:500]}")
            await asyncio.sleep(self._wait_seconds(tries, response))
        self.told.given_up += 1
        return None

    async def _send(self, method: str, path: str, body: object) -> httpx.Response | None:
        sent = time.monotonic()
        try:
            response = await self._http.request(method, path, json=body, timeout=_TIMEOUT_SECONDS)
        except httpx.TransportError as error:
            self.told.answers[type(error).__name__] += 1
            return None
        self.told.answers[str(response.status_code)] += 1
        self.told.latencies_seconds.append(time.monotonic() - sent)
        return response

    def _wait_seconds(self, tries: int, response: httpx.Response | None) -> float:
        ceiling = min(_MAX_WAIT_SECONDS, 0.05 * 2.0 ** min(tries, 10))
        after = response.headers.get("retry-after") if response is not None else None
        if after is not None and after.isdigit():
            ceiling = max(ceiling, min(float(after), _MAX_WAIT_SECONDS))
        return ceiling * self._rng.uniform(0.5, 1.0)
