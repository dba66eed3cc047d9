import asyncio

import httpx
import pytest

from tests.builders.articles import ACME_TITLE, NOON, article


async def post(news, *articles):
    response = await news.client.post("/news/v1/articles", json={"articles": list(articles)})
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def counts(news):
    return (await news.client.get("/news/v1/counts")).json()["counts"]


async def test_new_article_is_created_and_handed_on(news):
    (result,) = await post(news, article(tickers=["acme"], source={"name": "Example Wire"}))

    assert result["status"] == "created"
    assert result["match"] is None
    (handed,) = await news.neighbour.wait_for_items(1)
    assert handed["article_id"] == result["article_id"]
    assert handed["story_id"] == result["story_id"]
    assert handed["tickers"] == ["ACME"]
    assert handed["novelty"] == 1.0
    assert handed["revision"] == 1


async def test_same_article_under_a_tracking_address_is_a_duplicate(news):
    (first,) = await post(news, article())

    (again,) = await post(news, article(url="http://m.example.com/acme-forecast/?utm_source=mail#top"))

    assert again["status"] == "duplicate"
    assert again["article_id"] == first["article_id"]
    assert again["match"]["rule"] == "url"


async def test_syndicated_copy_joins_the_story_and_is_not_handed_on(news):
    (first,) = await post(news, article())

    (copy,) = await post(
        news, article("UPDATE 1-" + ACME_TITLE + " - Other Paper", "https://other.example.org/a", minutes=30)
    )
    (other,) = await post(news, article("Borealis Mining halts its northern pit", "https://example.com/b", minutes=31))

    assert copy["status"] == "near_duplicate"
    assert copy["article_id"] != first["article_id"]
    assert copy["story_id"] == first["story_id"]
    assert copy["match"]["article_id"] == first["article_id"]
    assert copy["match"]["duplicate"] is True
    handed = await news.neighbour.wait_for_items(2)
    assert [item["article_id"] for item in handed] == [first["article_id"], other["article_id"]]
    story = (await news.client.get(f"/news/v1/stories/{first['story_id']}")).json()
    assert (story["article_count"], story["copy_count"], story["independent_source_count"]) == (2, 1, 1)
    assert len(story["headlines"]) == 2


async def test_figures_keep_two_price_targets_apart(news):
    results = await post(
        news,
        article("Northbank Maintains Buy on Acme Robotics, Raises PT to $59.00", "https://example.com/1"),
        article("Northbank Maintains Buy on Acme Robotics, Raises PT to $64.00", "https://example.com/2"),
    )

    assert [result["status"] for result in results] == ["created", "created"]


async def test_article_listed_once_per_ticker_is_stored_once_with_all_tickers(news):
    results = await post(
        news,
        article(url="https://example.com/n1", tickers=["ACME"]),
        article(url="https://example.com/n2", tickers=["BORE"]),
    )

    assert [result["status"] for result in results] == ["created", "duplicate"]
    (handed,) = await news.neighbour.wait_for_items(1)
    assert handed["tickers"] == ["ACME", "BORE"]


async def test_ticker_that_comes_later_is_handed_on_as_a_revision(news):
    (first,) = await post(news, article(url="https://example.com/n1", tickers=["ACME"]))

    (second,) = await post(news, article(url="https://example.com/n2", tickers=["BORE"]))
    (third,) = await post(news, article(url="https://example.com/n2", tickers=["BORE"]))

    assert second["status"] == third["status"] == "duplicate"
    handed = await news.neighbour.wait_for_items(2)
    assert [(item["revision"], item["tickers"]) for item in handed] == [(1, ["ACME"]), (2, ["ACME", "BORE"])]
    stored = (await news.client.get(f"/news/v1/articles/{first['article_id']}")).json()
    assert stored["tickers"] == ["ACME", "BORE"]


async def test_changed_title_at_the_same_address_is_a_revision(news):
    (first,) = await post(news, article())
    before = (await news.client.get(f"/news/v1/articles/{first['article_id']}")).json()

    (second,) = await post(news, article("Acme Robotics cuts forecast as orders from car makers halve"))

    assert second["status"] == "revised"
    assert second["article_id"] == first["article_id"]
    now = (await news.client.get(f"/news/v1/articles/{first['article_id']}")).json()
    assert (now["revision"], now["state"]) == (2, "revised")
    then = await news.client.get(f"/news/v1/articles/{first['article_id']}", params={"as_of": before["recorded_at"]})
    assert then.json()["title"] == ACME_TITLE
    versions = (await news.client.get(f"/news/v1/articles/{first['article_id']}/revisions")).json()["data"]
    assert [version["revision"] for version in versions] == [2, 1]
    handed = await news.neighbour.wait_for_items(2)
    assert [item["state"] for item in handed] == ["created", "revised"]


async def test_retracted_article_is_gone_and_the_retraction_handed_on(news):
    (created,) = await post(news, article())
    address = f"/news/v1/articles/{created['article_id']}"
    before = (await news.client.get(address)).json()

    deleted = await news.client.delete(address)
    again = await news.client.delete(address)

    assert (deleted.status_code, again.status_code) == (204, 404)
    assert (await news.client.get(address)).status_code == 404
    assert (await news.client.get(address, params={"as_of": before["recorded_at"]})).status_code == 200
    assert (await news.client.get("/news/v1/articles")).json()["data"] == []
    handed = await news.neighbour.wait_for_items(2)
    assert (handed[1]["state"], handed[1]["revision"]) == ("retracted", 2)


async def test_stale_if_match_stops_a_retraction(news):
    (created,) = await post(news, article())
    address = f"/news/v1/articles/{created['article_id']}"

    response = await news.client.delete(address, headers={"If-Match": '"stale"'})

    assert response.status_code == 412
    assert (await news.client.get(address)).status_code == 200


async def test_unchanged_article_is_answered_304(news):
    (created,) = await post(news, article())
    address = f"/news/v1/articles/{created['article_id']}"
    etag = (await news.client.get(address)).headers["ETag"]

    response = await news.client.get(address, headers={"If-None-Match": etag})

    assert response.status_code == 304


async def test_bad_items_are_rejected_and_fail_no_other(news):
    results = await post(
        news,
        article(),
        {"title": "no address", "published_at": NOON.isoformat()},
        article("an odd scheme", "ftp://example.com/a"),
        article(" <br> ", "https://example.com/empty"),
        "not an article",
    )

    assert [result["status"] for result in results] == ["created", "rejected", "rejected", "rejected", "rejected"]
    codes = [result["error"]["code"] for result in results[1:]]
    assert codes == ["invalid_item", "url_invalid", "title_missing", "invalid_item"]


async def test_counts_add_up(news):
    await post(
        news,
        article(),
        article(),
        article(ACME_TITLE + " - Reuters", "https://other.example.org/a"),
        article("Acme Robotics cuts forecast as orders from car makers halve"),
        {"title": "no address"},
    )

    found = await counts(news)

    assert found == {
        "received": 5, "created": 1, "duplicates": 1, "near_duplicates": 1, "revised": 1, "rejected": 1,
    }  # fmt: skip


async def test_one_article_posted_twice_at_once_is_created_once(news):
    batches = [
        [article(f"Company {n} opens plant {n} in region {n}", f"https://example.com/{n}") for n in range(20)]
    ] * 6

    answers = await asyncio.gather(*(post(news, *batch) for batch in batches))

    statuses = [result["status"] for results in answers for result in results]
    assert statuses.count("created") == 20
    assert statuses.count("duplicate") == 100
    found = await counts(news)
    assert found["received"] == 120
    assert found["received"] == sum(value for name, value in found.items() if name != "received")


async def test_copies_posted_at_once_are_one_story(news):
    posts = [post(news, article(ACME_TITLE, f"https://paper{n}.example.com/a")) for n in range(5)]

    answers = await asyncio.gather(*posts)

    statuses = sorted(results[0]["status"] for results in answers)
    assert statuses == ["created"] + ["near_duplicate"] * 4
    assert len({results[0]["story_id"] for results in answers}) == 1


async def test_novelty_falls_as_a_story_is_retold(news):
    titles = [
        "Acme Robotics raises full-year forecast after record orders",
        "Record orders let Acme Robotics chief promise two new plants",
        "Acme Robotics rivals slide while its record orders cheer analysts",
    ]
    results = await post(
        news, *(article(title, f"https://paper{n}.example.com/a", minutes=n) for n, title in enumerate(titles))
    )

    assert len({result["story_id"] for result in results}) == 1
    handed = await news.neighbour.wait_for_items(3)
    assert [item["novelty"] for item in handed] == [1.0, 0.75, 0.5625]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"q": "forecast"}, {"a"}),
        ({"q": '"northern pit" -forecast'}, {"b"}),
        ({"ticker": "BORE"}, {"b"}),
        ({"domain": "example.com"}, {"a", "b"}),
        ({"domain": "www.example.com"}, set()),
        ({"source_id": "wire"}, {"a"}),
        ({"language": "en"}, {"b"}),
        ({"published_from": "2026-03-02T12:30:00Z"}, {"b"}),
        ({"published_to": "2026-03-02T12:30:00Z"}, {"a"}),
        ({"as_of": "2020-01-01T00:00:00Z"}, set()),
        ({"limit": "1"}, {"b"}),
    ],
)
async def test_list_is_narrowed(news, filters, expected):
    await post(
        news,
        article(url="https://www.example.com/a", source={"id": "wire", "name": "Example Wire"}),
        article(
            "Borealis Mining halts its northern pit",
            "https://example.com/b",
            minutes=60,
            tickers=["BORE"],
            language="en",
        ),
    )

    response = await news.client.get("/news/v1/articles", params=filters)

    assert response.status_code == 200, response.text
    assert {row["url"][-1] for row in response.json()["data"]} == expected


async def test_pages_follow_each_other(news):
    words = ("north", "south", "east", "west", "centre")
    await post(
        news, *(article(f"Depot {w} of {w} burns", f"https://example.com/{w}", minutes=n) for n, w in enumerate(words))
    )

    seen, cursor = [], None
    while True:
        parameters = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await news.client.get("/news/v1/articles", params=parameters)).json()
        seen += [row["url"].rpartition("/")[2] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == list(reversed(words))


async def test_comparison_is_explained_and_stores_nothing(news):
    response = await news.client.post(
        "/news/v1/articles:compare",
        json={
            "a": {"title": "Pepper futures rise on spot demand"},
            "b": {"title": "Copper futures rise on spot demand"},
        },
    )

    body = response.json()
    assert (body["duplicate"], body["rule"]) == (False, "subject")
    assert set(body["differing"]) == {"pepper", "copper"}
    assert (await counts(news))["received"] == 0


async def test_501_articles_are_refused(news):
    response = await news.client.post("/news/v1/articles", json={"articles": [article()] * 501})

    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"


async def test_metric_counts_what_became_of_articles(news):
    def value(metrics, status):
        (line,) = (line for line in metrics.splitlines() if line.startswith(f'{name}{{status="{status}"}}'))
        return float(line.rpartition(" ")[2])

    name = "news_articles_processed_total"
    before = (await news.client.get("/metrics")).text

    await post(news, article(), article())

    after = (await news.client.get("/metrics")).text
    assert value(after, "created") - value(before, "created") == 1.0
    assert value(after, "duplicate") - value(before, "duplicate") == 1.0


async def test_streams_hear_of_new_articles(news):
    async with news.database.reading() as connection:
        (result,) = await post(news, article())
        rows = (await connection.execute(news.runtime.tables.event.select())).all()

    (row,) = rows
    assert row.name == "article.created"
    assert result["article_id"] in row.data


async def test_story_list_shows_the_newest_first(news):
    await post(
        news,
        article(),
        article("Borealis Mining halts its northern pit", "https://example.com/b", minutes=60),
    )

    stories = (await news.client.get("/news/v1/stories")).json()["data"]

    assert [story["article_count"] for story in stories] == [1, 1]
    assert stories[0]["title"].startswith("Borealis")


async def test_unknown_article_and_story_are_not_found(news):
    unknown = "01900000-0000-7000-8000-000000000000"

    responses = [
        await news.client.get(f"/news/v1/{path}")
        for path in (f"articles/{unknown}", f"articles/{unknown}/revisions", f"stories/{unknown}")
    ]

    assert [response.status_code for response in responses] == [404, 404, 404]
    assert all(isinstance(response, httpx.Response) for response in responses)
