"""A body that fits for every route that takes one, and values that strangers put into one of its places."""

import copy
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.builders.impacts import impact
from tests.builders.platform_events import flagger, flux, prometheus_alert

_MOMENT = "2026-03-02T12:00:00Z"
# Numbers that JSON has no word for are written as they are.
_BARE = ("NaN", "Infinity", "-Infinity", "1e400")
VALUES: tuple[Any, ...] = (
    "a\x00b",
    "x\udfff",
    *(f"<{word}>" for word in _BARE),
    10**400,
    2**63,
    2**31,
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59.999999Z",
    "2026-03-02T12:00:00",
    {"\ud800": 1, "\x00": "x"},
    None,
    "http://xn--a/",
    "http://[fe80::1%25eth0]/",
    "http://a:99999/",
    "http://a\\@b/",
    f"http://{'a' * 64}.com/",
    "http://[::1",
    "http://%00/",
    "http://\u2100.com/",
)
ENDINGS = ("\x00", "\ud800", "?a=\udfff")

_ARTICLE = {
    "title": "Acme raises",
    "url": "https://a.example/1",
    "published_at": _MOMENT,
    "body": "b",
    "summary": "s",
    "author": "x",
    "source": {"id": "i", "name": "n"},
    "language": "en",
    "tickers": ["A"],
}
_HANDED_ON = {
    **_ARTICLE,
    "article_id": "",
    "revision": 1,
    "state": "created",
    "story_id": str(uuid4()),
    "received_at": _MOMENT,
    "novelty": 1.0,
}
_SENTIMENT = {"label": "positive", "score": 0.5, "positive": 0.7, "neutral": 0.2, "negative": 0.1}
_SPAN = {"field": "title", "start": 0, "end": 1, "text": "x"}
_ANALYSIS = {
    "analysis_id": "",
    "article_id": "",
    "revision": 1,
    "title": "t",
    "url": "u",
    "source_name": "s",
    "language": "en",
    "sentiment": _SENTIMENT,
    "entities": [{"name": "A", "type": "company", "ticker": "A", "relevance": 1.0, "sentiment": _SENTIMENT}],
    "topics": [{"topic": "t", "score": 0.5}],
    "events": [
        {
            "type": "t",
            "score": 0.5,
            "roles": [{"role": "company", "name": "x", "span": _SPAN}],
            "magnitudes": [{"kind": "revenue", "value": 1.0, "unit": "USD", "span": _SPAN}],
        }
    ],
    "evidence": [{**_SPAN, "weight": 0.1}],
    "abstain_reason": "x",
    "model_versions": {"a": "b"},
    "lineage": {
        "article_id": "",
        "story_id": str(uuid4()),
        "published_at": _MOMENT,
        "received_at": _MOMENT,
        "analysed_at": _MOMENT,
    },
}
_RULE = {
    "name": "r",
    "when": {"tickers": ["A"], "topics": ["t"], "min_impact_score": 1.0, "horizon_days": 1},
    "group_wait_seconds": 0.0,
    "window_seconds": 60,
    "labels": {"a": "b"},
    "receivers": [],
}
_SOURCE = {"kind": "rss", "name": "n", "url": "http://feeds.test/", "config": {}, "interval_seconds": 60.0}
_QUERY = {"kind": "newsapi", "name": "n", "config": {"q": "x", "sources": ["a"], "language": "en"}}
_BAR = {"ticker": "A", "date": "2026-03-02", "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "adjusted_close": 1.0}
_STUDY = {
    "events": [{"ticker": "A", "date": "2026-03-02"}],
    "benchmark": "S",
    "event_window": [-1, 1],
    "panel": {"dates": ["2026-03-01", "2026-03-02"], "returns": {"A": [0.1, 0.2], "S": [0.1, 0.2]}},
}
_NOTIFICATION = {
    "version": "4",
    "groupKey": "g",
    "status": "firing",
    "receiver": "r",
    "groupLabels": {"a": "b"},
    "externalURL": "http://a/",
    "alerts": [prometheus_alert()],
}
_IMPACT = {
    **impact().model_dump(mode="json"),
    "abstain_reason": "x",
    "baseline": {"name": "b", "expected_abnormal_return": 0.1, "interval": {"low": -0.1, "high": 0.1, "level": 0.9}},
}
BODIES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "news_ingestion": [
        ("/news/v1/articles", {"articles": [_ARTICLE]}),
        ("/news/v1/articles:compare", {"a": {"title": "a", "url": "http://a/"}, "b": {"title": "b"}}),
        ("/news/v1/sources", _SOURCE),
        ("/news/v1/sources", _QUERY),
    ],
    "nlp": [
        ("/nlp/v1/analyses", {"articles": [_HANDED_ON]}),
        ("/nlp/v1/texts:analyze", {"texts": [{"id": "1", "title": "t", "entity": "e"}]}),
        ("/nlp/v1/entities:resolve", {"names": ["a"]}),
    ],
    "market_impact": [
        ("/impact/v1/impacts", {"analyses": [_ANALYSIS]}),
        ("/impact/v1/bars", {"bars": [_BAR]}),
        ("/impact/v1/event-studies", _STUDY),
    ],
    "alerts": [
        ("/alerts/v1/signals", {"impacts": [_IMPACT]}),
        ("/alerts/v1/signals:evaluate", {"impacts": [_IMPACT], "rules": [_RULE]}),
        ("/alerts/v1/rules", _RULE),
        ("/alerts/v1/receivers", {"name": "n", "kind": "webhook", "url": "http://hooks.test/"}),
        ("/alerts/v1/integrations/flagger", flagger()),
        ("/alerts/v1/integrations/flux", flux(reason="DriftCorrected")),
        ("/alerts/v1/integrations/alertmanager", _NOTIFICATION),
    ],
}
ITEMS = {"/news/v1/articles", "/nlp/v1/analyses", "/impact/v1/impacts", "/alerts/v1/signals"}


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value in `value`, that of itself first."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def poisoned(body: Any) -> Iterator[tuple[tuple[str | int, ...], bytes]]:
    """Yield every place of `body` with every body that has a hostile value there."""
    for path in list(places(body)):
        here = _at(body, path)
        for value in (*VALUES, *((here + ending for ending in ENDINGS) if isinstance(here, str) else ())):
            yield path, _written(_with(_unseen(body), path, value))


def _at(body: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        body = body[step]
    return body


def _with(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    _at(body, path[:-1])[path[-1]] = value
    return body


def _unseen(body: Any) -> Any:
    """Return a copy that no earlier request has stored already."""
    body, new = copy.deepcopy(body), uuid4().hex
    if "name" in body:
        body["name"] = new
    for item in (each for value in body.values() if isinstance(value, list) for each in value):
        if isinstance(item, dict):
            item |= {name: str(uuid4()) for name in ("article_id", "analysis_id", "impact_id") if name in item}
            if "lineage" in item:
                item["lineage"]["article_id"] = item["article_id"]
            if "published_at" in item:
                item |= {"title": f"Company {new} opens plant {new[:5]}", "url": f"https://a.example/{new}"}
    return body


def _written(body: Any) -> bytes:
    text = json.dumps(body)
    for word in _BARE:
        text = text.replace(f'"<{word}>"', word)
    return text.encode()
