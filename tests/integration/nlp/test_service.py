"""The NLP service on real PostgreSQL and Redis: articles in, analyses out, each revision once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from nlp import repository
from tests.conftest import RunningService


def an_article(title: str = "Apple tops estimates and raises its outlook", **changes: Any) -> dict[str, Any]:
    return {
        "article_id": str(uuid4()),
        "revision": 1,
        "story_id": str(uuid4()),
        "title": title,
        "url": "https://news.example/1",
        "published_at": "2026-03-02T14:30:00Z",
        "received_at": "2026-03-02T14:30:05Z",
        "novelty": 0.75,
    } | changes


async def post(nlp: RunningService, *articles: dict[str, Any]) -> list[dict[str, Any]]:
    response = await nlp.client.post("/nlp/v1/analyses", json={"articles": list(articles)})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    return found


async def test_an_article_is_analysed_stored_and_handed_on(nlp: RunningService) -> None:
    article = an_article()

    (answer,) = await post(nlp, article)

    assert answer["status"] == "stored"
    stored = (await nlp.client.get(f"/nlp/v1/analyses/{article['article_id']}")).json()
    assert stored["analysis_id"] == answer["id"]
    assert stored["sentiment"]["label"] == "positive"
    assert stored["entities"][0]["ticker"] == "AAPL"
    assert stored["novelty"] == 0.75
    assert stored["lineage"]["story_id"] == article["story_id"]
    assert await nlp.neighbour.wait_for_items(1) == [stored]


async def test_sending_a_batch_again_changes_nothing(nlp: RunningService) -> None:
    article = an_article()
    (first,) = await post(nlp, article)

    (second,) = await post(nlp, article)

    assert second == first | {"status": "unchanged"}
    counts = (await nlp.client.get("/nlp/v1/counts")).json()
    assert counts["counts"] == {"analysed": 1, "abstained": 0, "retracted": 0}


async def test_one_bad_article_fails_no_other(nlp: RunningService) -> None:
    answers = await post(nlp, an_article(), {"title": "no identifiers"}, an_article(revision=0))

    assert [answer["status"] for answer in answers] == ["stored", "rejected", "rejected"]
    assert answers[1]["error"]["errors"]


async def test_of_two_revisions_in_one_batch_the_newer_is_analysed(nlp: RunningService) -> None:
    old = an_article("Apple misses estimates")
    new = old | {"revision": 2, "state": "revised", "title": "Apple beats estimates"}

    answers = await post(nlp, new, old, new)

    assert [answer["status"] for answer in answers] == ["stored", "superseded", "unchanged"]


async def test_a_correction_supersedes_and_the_past_stays_readable(nlp: RunningService) -> None:
    article = an_article("Apple misses estimates")
    await post(nlp, article)
    between = datetime.now(UTC)

    await post(nlp, article | {"revision": 2, "state": "revised", "title": "Apple beats estimates"})

    url = f"/nlp/v1/analyses/{article['article_id']}"
    assert (await nlp.client.get(url)).json()["revision"] == 2
    past = (await nlp.client.get(url, params={"as_of": between.isoformat()})).json()
    assert (past["revision"], past["title"]) == (1, "Apple misses estimates")
    before = await nlp.client.get(url, params={"as_of": (between - timedelta(hours=1)).isoformat()})
    assert before.status_code == 404
    assert [item["revision"] for item in await nlp.neighbour.wait_for_items(2)] == [1, 2]


async def test_an_older_revision_changes_nothing(nlp: RunningService) -> None:
    article = an_article(revision=3)
    await post(nlp, article)

    (answer,) = await post(nlp, article | {"revision": 2})

    assert answer["status"] == "superseded"
    assert (await nlp.client.get(f"/nlp/v1/analyses/{article['article_id']}")).json()["revision"] == 3


async def test_a_retracted_article_gives_an_analysis_without_entities(nlp: RunningService) -> None:
    article = an_article()
    await post(nlp, article)

    await post(nlp, article | {"revision": 2, "state": "retracted"})

    withdrawn = (await nlp.neighbour.wait_for_items(2))[-1]
    assert (withdrawn["state"], withdrawn["entities"], withdrawn["abstained"]) == ("retracted", [], True)
    counts = (await nlp.client.get("/nlp/v1/counts")).json()["counts"]
    assert counts == {"analysed": 1, "abstained": 0, "retracted": 1}


async def test_tickers_of_the_publisher_become_entities(nlp: RunningService) -> None:
    article = an_article("Morning movers to watch", tickers=["MSFT"])

    await post(nlp, article)

    stored = (await nlp.client.get(f"/nlp/v1/analyses/{article['article_id']}")).json()
    assert [entity["ticker"] for entity in stored["entities"]] == ["MSFT"]


async def test_a_company_answers_by_the_symbol_of_its_day(nlp: RunningService) -> None:
    early = an_article("Facebook shares rise", published_at="2014-03-03T15:00:00Z")
    late = an_article("Facebook shares rise")

    await post(nlp, early, late)

    found = [item["entities"][0]["ticker"] for item in await nlp.neighbour.wait_for_items(2)]
    assert found == ["FB", "META"]


async def test_lists_are_narrowed_by_every_filter(nlp: RunningService) -> None:
    await post(
        nlp, an_article(), an_article("Tesla shares plunge after weak guidance", published_at="2026-03-03T10:00:00Z")
    )

    async def titles(**params: Any) -> list[str]:
        response = await nlp.client.get("/nlp/v1/analyses", params=params)
        assert response.status_code == 200, response.text
        return [row["title"].split()[0] for row in response.json()["data"]]

    assert await titles() == ["Tesla", "Apple"]
    assert await titles(ticker="AAPL") == ["Apple"]
    assert await titles(ticker="AAPL", min_relevance=0.5) == ["Apple"]
    assert await titles(ticker="AAPL", min_relevance=1.0) == []
    assert await titles(min_relevance=0.99) == []
    assert await titles(label="negative") == ["Tesla"]
    assert await titles(event_type="guidance_cut") == ["Tesla"]
    assert await titles(topic="earnings") == ["Tesla", "Apple"]
    assert await titles(topic="automotive") == ["Tesla"]
    assert await titles(model_version="nothing") == []
    version = (await nlp.client.get("/nlp/v1/models")).json()["data"][0]["version"]
    assert await titles(model_version=version) == ["Tesla", "Apple"]
    assert await titles(as_of="2026-01-01T00:00:00Z") == []


async def test_pages_follow_each_other_without_gap(nlp: RunningService) -> None:
    await post(nlp, *(an_article(f"Apple news number {number}") for number in range(5)))

    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await nlp.client.get("/nlp/v1/analyses", params=params)).json()
        seen += [row["analysis_id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == 5


async def test_an_unchanged_analysis_is_not_sent_again(nlp: RunningService) -> None:
    article = an_article()
    await post(nlp, article)
    url = f"/nlp/v1/analyses/{article['article_id']}"
    tag = (await nlp.client.get(url)).headers["etag"]

    response = await nlp.client.get(url, headers={"If-None-Match": tag})

    assert response.status_code == 304


async def test_texts_are_analysed_without_being_stored(nlp: RunningService) -> None:
    texts = [
        {"id": "a", "title": "Nokia profit rises while Ericsson warns of losses", "entity": "Nokia"},
        {"id": "b", "title": "Nokia profit rises while Ericsson warns of losses", "entity": "Ericsson"},
        {"id": "c", "title": "Die Aktien von Siemens steigen nach den Quartalszahlen"},
    ]

    data = (await nlp.client.post("/nlp/v1/texts:analyze", json={"texts": texts})).json()["data"]

    assert [row["id"] for row in data] == ["a", "b", "c"]
    assert data[0]["sentiment"]["score"] > data[1]["sentiment"]["score"]
    assert (data[2]["language"], data[2]["abstained"], data[2]["sentiment"]["score"]) == ("de", True, 0.0)
    assert (await nlp.client.get("/nlp/v1/counts")).json()["counts"]["analysed"] == 0


async def test_each_stretch_of_evidence_is_weighed_when_asked_for(nlp: RunningService) -> None:
    texts = {"texts": [{"title": "Apple tops estimates but warns of falling sales"}, {"title": "Tesla reports"}]}

    (asked, plain) = [
        (await nlp.client.post("/nlp/v1/texts:analyze", json=texts, params=params)).json()["data"]
        for params in ({"counterfactual": "true"}, {})
    ]

    assert len(asked[0]["counterfactuals"]) == len(asked[0]["evidence"]) >= 2
    for one in asked[0]["counterfactuals"]:
        assert one["change"] == pytest.approx(one["score"] - asked[0]["sentiment"]["score"], abs=1e-6)
    assert [row["counterfactuals"] for row in plain] == [[], []]


async def test_an_event_is_stored_and_handed_on_with_roles_and_magnitudes(nlp: RunningService) -> None:
    article = an_article("Goldman raises Tesla PT to $300 from $250")

    await post(nlp, article)

    stored = (await nlp.client.get(f"/nlp/v1/analyses/{article['article_id']}")).json()
    (event,) = stored["events"]
    assert [(role["role"], role["ticker"]) for role in event["roles"]] == [("broker", "GS"), ("company", "TSLA")]
    (magnitude,) = event["magnitudes"]
    assert (magnitude["from"], magnitude["to"], magnitude["unit"]) == (250.0, 300.0, "USD")
    assert await nlp.neighbour.wait_for_items(1) == [stored]


async def test_a_denied_event_is_not_found_by_its_type(nlp: RunningService) -> None:
    await post(nlp, an_article("Apple has no plans to buy back shares"), an_article("Tesla announces share buyback"))

    found = (await nlp.client.get("/nlp/v1/analyses", params={"event_type": "share_buyback"})).json()["data"]

    assert [row["title"].split()[0] for row in found] == ["Tesla"]


async def test_reuters_codes_are_given_when_asked_for(nlp: RunningService) -> None:
    text = {"title": "COCOA HARVEST LOWER", "body": "Cocoa exports fell as the cocoa crop suffered from drought."}

    response = await nlp.client.post("/nlp/v1/texts:analyze", json={"texts": [text], "taxonomy": "reuters"})

    assert response.json()["data"][0]["topics"][0]["topic"] == "cocoa"


@pytest.mark.parametrize("count", [0, 501])
async def test_too_few_or_too_many_texts_are_refused(nlp: RunningService, count: int) -> None:
    response = await nlp.client.post("/nlp/v1/texts:analyze", json={"texts": [{"title": "x"}] * count})

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_name_given_by_a_user_links_at_once(nlp: RunningService) -> None:
    url = "/nlp/v1/entities/company-320193"
    tag = (await nlp.client.get(url)).headers["etag"]

    changed = await nlp.client.put(f"{url}/aliases", json={"aliases": ["Fruit Stand"]}, headers={"If-Match": tag})

    assert changed.json()["user_aliases"] == ["Fruit Stand"]
    text = {"title": "Fruit Stand unveils a telephone"}
    data = (await nlp.client.post("/nlp/v1/texts:analyze", json={"texts": [text]})).json()["data"]
    assert data[0]["entities"][0]["ticker"] == "AAPL"


async def test_a_late_writer_of_names_is_refused(nlp: RunningService) -> None:
    url = "/nlp/v1/entities/company-320193"
    tag = (await nlp.client.get(url)).headers["etag"]
    await nlp.client.put(f"{url}/aliases", json={"aliases": ["Fruit Stand"]})

    late = await nlp.client.put(f"{url}/aliases", json={"aliases": []}, headers={"If-Match": tag})

    assert late.status_code == 412


async def test_a_name_added_by_another_replica_is_learned(nlp: RunningService) -> None:
    async with nlp.database.transaction() as connection:
        await repository.update_aliases(connection, "company-320193", ["Fruit Stand"], datetime.now(UTC))

    async with asyncio.timeout(10):
        while not (found := (await nlp.client.get("/nlp/v1/entities/company-320193")).json()["user_aliases"]):
            await asyncio.sleep(0.02)

    assert found == ["Fruit Stand"]


async def test_names_are_resolved_and_ambiguity_is_reported(nlp: RunningService) -> None:
    names = ["Agilent Technologies, Inc.", "AAPL", "Target", "Nobody Knows Industries"]

    data = (await nlp.client.post("/nlp/v1/entities:resolve", json={"names": names})).json()["data"]

    assert data[0]["entity"]["ticker"] == "A"
    assert (data[1]["entity"]["cik"], data[1]["entity"]["mic"]) == (320193, "XNAS")
    assert (data[2]["ambiguous"], data[2]["entity"], data[2]["candidates"][0]["ticker"]) == (True, None, "TGT")
    assert data[3]["candidates"] == []


async def test_entities_are_listed_in_pages(nlp: RunningService) -> None:
    first = (await nlp.client.get("/nlp/v1/entities", params={"type": "currency", "limit": 5})).json()
    rest = (
        await nlp.client.get(
            "/nlp/v1/entities", params={"type": "currency", "limit": 200, "cursor": first["next_cursor"]}
        )
    ).json()

    assert len(first["data"]) == 5
    names = [row["entity_id"] for row in first["data"] + rest["data"]]
    assert names == sorted(set(names))
    by_ticker = (await nlp.client.get("/nlp/v1/entities", params={"ticker": "GOOG"})).json()["data"]
    assert [row["name"] for row in by_ticker] == ["Alphabet Inc."]


async def test_models_say_what_they_were_trained_on(nlp: RunningService) -> None:
    models = (await nlp.client.get("/nlp/v1/models")).json()["data"]

    sentiment = next(model for model in models if model["name"] == "sentiment-fast")
    assert sentiment["non_commercial_data"] is True
    assert any("PhraseBank" in source["name"] and source["non_commercial"] for source in sentiment["data"])
    card = await nlp.client.get(f"/nlp/v1/models/{sentiment['version']}")
    assert card.json() == sentiment
    assert (await nlp.client.get("/nlp/v1/models/none")).status_code == 404


async def test_taxonomies_are_listed(nlp: RunningService) -> None:
    market = (await nlp.client.get("/nlp/v1/taxonomy/topics")).json()
    reuters = (await nlp.client.get("/nlp/v1/taxonomy/topics", params={"taxonomy": "reuters"})).json()
    events = (await nlp.client.get("/nlp/v1/taxonomy/events")).json()

    assert len(market["data"]) >= 20
    assert {"acq", "earn", "cocoa"} <= {topic["topic"] for topic in reuters["data"]}
    assert len(events["data"]) >= 25


async def test_the_self_check_passes_with_the_shipped_models(nlp: RunningService) -> None:
    response = await nlp.client.post("/nlp/v1/selfcheck")

    assert response.status_code == 200, response.text
    assert response.json()["max_score_drift"] <= 1e-4


async def test_the_brief_s_metric_counts_texts(nlp: RunningService) -> None:
    def value(metrics: str, name: str) -> float:
        lines = [line for line in metrics.splitlines() if line.startswith(name)]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    before = (await nlp.client.get("/metrics")).text

    await post(nlp, an_article(), an_article("Die Aktien von Siemens steigen nach den Quartalszahlen deutlich"))

    after = (await nlp.client.get("/metrics")).text
    count = 'nlp_sentiment_analysis_duration_seconds_count{model="sentiment-deep'
    assert value(after, count) - value(before, count) == 2
    for name in ("nlp_texts_abstained_total", 'nlp_texts_analysed_total{language="de"}'):
        assert value(after, name) - value(before, name) == 1


async def test_aliases_that_were_read_before_newer_ones_were_stored_are_not_put_to_work(nlp: RunningService) -> None:
    thread = nlp.engine.thread
    n_installed, older = thread.n_installed, dict(thread.user_aliases)
    await nlp.client.put("/nlp/v1/entities/company-320193/aliases", json={"aliases": ["Fruit Stand"]})

    await thread.use_aliases(older, n_installed)

    assert thread.user_aliases == {"company-320193": ["Fruit Stand"]}


async def test_of_changes_to_two_entities_at_once_both_are_put_to_work(nlp: RunningService) -> None:
    names = {"company-320193": ["Fruit Stand"], "company-789019": ["Window Maker"]}

    await asyncio.gather(
        *(nlp.client.put(f"/nlp/v1/entities/{one}/aliases", json={"aliases": given}) for one, given in names.items())
    )

    assert nlp.engine.thread.user_aliases == names
