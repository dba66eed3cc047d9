"""Searches that PostgreSQL refuses: the caller is told, and it is no fault of the server."""

import random

import pytest
from sqlalchemy.exc import DBAPIError

from common.postgres.faults import database_fault
from common.postgres.paging import PageRequest
from news_ingestion.repository import reading
from news_ingestion.repository.reading import ArticleFilter
from tests.integration.news_ingestion.test_articles import article, post

_SEED = 20_260_302
_N_QUERIES = 2_000
_MAX_CHARACTERS = 200
_PIECES = (
    *"-\"'()&|!:*<>\\%_?+.,;@#$^~`[]{}/= \t\n",
    *("or ", " OR ", "and ", "- ", "--", '-"', '"-', " -", "the ", "a:*", "<->", "<2147483648>", "!!", "\\", "''"),
    *("acme ", "robotics", "x" * 90, "1e999", "-0", "99999999999999999999", "a-b-c", "http://a.example/b?c=d&e"),
    *("\u0301", "\u200b", "\ufeff", "\U0001f4c8", "ﷺ", "İ", "ß", "漢字", "\ufffd", "\u2028", "\x7f", "\x01"),
)
_OPERATORS = ("-", "-" * 17, "--", "- ", '"-', " -", "or ", "OR ", "!", "(", ")", "<->", "|", "&", '"', "a:*", "acme ")


def queries():
    chance = random.Random(_SEED)
    for number in range(_N_QUERIES):
        # Depth comes from repetition, and from operators that have nothing between them.
        kinds = (_PIECES, chance.sample(_PIECES, 3), chance.sample(_OPERATORS, chance.randint(1, 2)))
        pieces = kinds[number % len(kinds)]
        text = ""
        while len(text) < _MAX_CHARACTERS and chance.random() > 0.01:
            text += chance.choice(pieces)
        # Operators with nothing to work on are passed over.
        yield text[: _MAX_CHARACTERS - 4] + "acme"


@pytest.mark.parametrize("n_hyphens", [33, 64, 196])
async def test_a_search_that_is_nested_too_deeply_is_refused_with_the_reason(news, n_hyphens):
    answer = await news.client.get("/news/v1/articles", params={"q": "-" * n_hyphens + "acme"})

    assert (answer.status_code, answer.json()["code"]) == (422, "too_complex")
    assert "too deeply" in answer.json()["detail"]


async def test_no_search_is_a_fault_of_the_server(news):
    faults: dict[str, list[str]] = {"none": []}
    # Without an article no search is carried out.
    await post(news, article())
    async with news.database.transaction() as connection:
        for query in queries():
            try:
                async with connection.begin_nested():
                    await reading.list_articles(connection, PageRequest(limit=1), ArticleFilter(q=query))
            except DBAPIError as error:
                faults.setdefault(database_fault(error), []).append(query)
            else:
                faults["none"].append(query)

    assert set(faults) <= {"none", "invalid_value", "too_complex"}, {name: some[:3] for name, some in faults.items()}
    assert len(faults["none"]) > _N_QUERIES / 2
    assert len(faults["too_complex"]) > 10
    for query in (*faults["none"][:20], *faults["too_complex"][:20]):
        answer = await news.client.get("/news/v1/articles", params={"q": query})
        assert answer.status_code in {200, 422}, query


@pytest.mark.parametrize("name", ["source_id", "domain", "ticker", "language", "story_id", "limit", "cursor"])
async def test_no_other_filter_is_a_fault_of_the_server(news, name):
    chance = random.Random(f"{_SEED}{name}")
    strange = [*_PIECES, "1" * 5_000, "-1", "null", "\x00", "9223372036854775808", "00000000-0000-0000-0000"]
    for query in chance.sample(strange, 40):
        answer = await news.client.get("/news/v1/articles", params={name: query})

        assert answer.status_code < 500, (name, query)
