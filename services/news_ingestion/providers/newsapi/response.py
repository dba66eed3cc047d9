"""NewsAPI v2 bodies: articles of a result, and what its errors mean (newsapi.org/docs)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from news_ingestion.articles.draft import Item
from news_ingestion.providers.provider_errors import ProviderError, ProviderProblem

# Codes beyond this list occur (`maximumResultsReached` is in no documentation): the status then decides.
_PROBLEM_BY_CODE: Mapping[str, ProviderProblem] = {
    "apiKeyDisabled": "auth",
    "apiKeyInvalid": "auth",
    "apiKeyMissing": "auth",
    "apiKeyExhausted": "quota",
    "rateLimited": "quota",
    "maximumResultsReached": "cap",
    "parameterInvalid": "request",
    "parametersMissing": "request",
    "sourcesTooMany": "request",
    "sourceDoesNotExist": "request",
    "unexpectedError": "unavailable",
}
_PROBLEM_BY_STATUS: Mapping[int, ProviderProblem] = {400: "request", 401: "auth", 403: "auth", 426: "cap", 429: "quota"}
# As many as NewsAPI gives, and as are asked for.
PAGE_ITEMS = 100


@dataclass(frozen=True, slots=True)
class NewsAPIPage:
    """One page of results; `total_results` counts all pages and is often larger than what can be fetched."""

    items: tuple[Item, ...]
    total_results: int


def _text(article: Mapping[str, object], name: str) -> str | None:
    value = article.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _item(article: Mapping[str, object], language: str | None) -> Item:
    source = article.get("source")
    named = source if isinstance(source, Mapping) else {}
    return Item(
        title=_text(article, "title"),
        url=_text(article, "url"),
        published_at=_moment(_text(article, "publishedAt")),
        body=_text(article, "content"),
        summary=_text(article, "description"),
        author=_text(article, "author"),
        source_id=_text(named, "id"),
        source_name=_text(named, "name"),
        language=language,
    )


def parse_page(status: int, content: bytes, *, language: str | None = None) -> NewsAPIPage:
    """Return the articles of a NewsAPI answer; "[Removed]" articles are left out.

    Parameters
    ----------
    language : str, optional, the language that was asked for: the answer does not say it.

    Raises
    ------
    ProviderError
        The answer is an error, not in the documented form, or has more articles than were asked for (`too_large`).
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        problem = "malformed" if status < 400 else _problem(status, "")
        raise ProviderError(problem, f"status_{status}", "The response is not JSON.") from error
    if not isinstance(body, dict):
        raise ProviderError("malformed", f"status_{status}", "The response is not a JSON object.")
    if status >= 400 or body.get("status") == "error":
        code = _text(body, "code") or f"status_{status}"
        raise ProviderError(_problem(status, code), code, (_text(body, "message") or "")[:500])
    articles = body.get("articles")
    if not isinstance(articles, list):
        raise ProviderError("malformed", "articles_missing", "The response has no list of articles.")
    if len(articles) > PAGE_ITEMS:
        detail = f"The page has {len(articles)} articles; at most {PAGE_ITEMS} are asked for, and read."
        raise ProviderError("too_large", "too_many_articles", detail)
    total = body.get("totalResults")
    items = tuple(
        _item(article, language)
        for article in articles
        if isinstance(article, dict) and _text(article, "title") != "[Removed]"
    )
    return NewsAPIPage(items, total if isinstance(total, int) else len(items))


def _problem(status: int, code: str) -> ProviderProblem:
    known = _PROBLEM_BY_CODE.get(code) or _PROBLEM_BY_STATUS.get(status)
    return known or ("unavailable" if status >= 500 else "unknown")
