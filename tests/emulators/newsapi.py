"""NewsAPI v2 with its free plan: key, delay, cap of 100 results, quota of a day, and its own error bodies."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.emulators.faults import Answer, EmulatedServer, Request

_JSON = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-cache"}


@dataclass(frozen=True)
class PublishedArticle:
    """One article in NewsAPI's index."""

    title: str
    url: str
    published_at: datetime
    source_id: str | None = None
    source_name: str = "Example Wire"

    def as_json(self) -> dict[str, object]:
        """The article in NewsAPI's form, with the nulls that real answers have."""
        return {
            "source": {"id": self.source_id, "name": self.source_name},
            "author": None,
            "title": self.title,
            "description": None,
            "url": self.url,
            "urlToImage": None,
            "publishedAt": self.published_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "content": "The first words of the article… [+1234 chars]",
        }


def error(status: int, code: str, message: str = "See the documentation.") -> Answer:
    """An error in NewsAPI's form."""
    body = {"status": "error", "code": code, "message": message}
    return Answer(status, json.dumps(body).encode(), _JSON)


def body_of(content: bytes, status: int = 200) -> Answer:
    """A recorded body, served as it is."""
    return Answer(status, content, _JSON)


class NewsAPIEmulator(EmulatedServer):
    """Answers `/v2/everything` and `/v2/top-headlines` from `articles`, as the free plan would."""

    def __init__(
        self,
        key: str,
        articles: list[PublishedArticle] | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        requests_per_day: int = 100,
        max_results: int = 100,
        delay: timedelta = timedelta(days=1),
    ) -> None:
        super().__init__()
        self.articles = articles or []
        self._key = key
        self._now = now
        self._requests_per_day = requests_per_day
        self._max_results = max_results
        self._delay = delay
        self._n_answered = 0

    def answer(self, request: Request) -> Answer:
        """Return a page of articles, or the error that the plan gives."""
        key = request.headers.get("x-api-key") or request.query.get("apiKey")
        if not key:
            return error(401, "apiKeyMissing")
        if key != self._key:
            return error(401, "apiKeyInvalid")
        if self._n_answered >= self._requests_per_day:
            return error(429, "rateLimited")
        self._n_answered += 1
        if request.path == "/v2/everything":
            return self._everything(request)
        if request.path == "/v2/top-headlines":
            return self._page(request, list(self.articles))
        return Answer(404, b"<html>no such page</html>", {"Content-Type": "text/html"})

    def _everything(self, request: Request) -> Answer:
        if not any(request.query.get(name) for name in ("q", "qInTitle", "sources", "domains")):
            return error(400, "parametersMissing")
        start, end = (_moment(request.query.get(name)) for name in ("from", "to"))
        visible = [
            article
            for article in self.articles
            if article.published_at <= self._now() - self._delay
            and (start is None or article.published_at >= start)
            and (end is None or article.published_at <= end)
        ]
        return self._page(request, visible)

    def _page(self, request: Request, found: list[PublishedArticle]) -> Answer:
        size, number = int(request.query.get("pageSize", "100")), int(request.query.get("page", "1"))
        if number > 1 and size * number > self._max_results:
            return error(426, "maximumResultsReached")
        found = sorted(found, key=lambda article: article.published_at, reverse=True)
        shown = found[size * (number - 1) : size * number][: self._max_results]
        body = {"status": "ok", "totalResults": len(found), "articles": [article.as_json() for article in shown]}
        return Answer(200, json.dumps(body).encode(), _JSON)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
