"""Ten thousand hostile texts through the real service: a sound answer or a clear refusal, never an error of ours."""

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from common.contracts.text import without_control_characters
from tests.conftest import RunningService, StartService
from tests.integration.nlp.hostile_texts import KINDS, drawn_texts, vast_texts

# The fast tier answers the many, the deep one some: it reads a long text in 20 ms.
SETTINGS = {"nlp_model": "fast"}
BATCH = 500
# Of processor time; 10,000 drawn texts take 7 s on cores of their own and 37 s on cores that others share. One stage
# without its bound takes many minutes.
LIMIT_SECONDS = 120


async def analyse(nlp: RunningService, texts: list[dict[str, Any]]) -> httpx.Response:
    # Escaped, as a lone surrogate has no other way over the wire.
    content = json.dumps({"texts": texts}, ensure_ascii=True).encode("ascii")
    return await nlp.client.post("/nlp/v1/texts:analyze", content=content, headers={"content-type": "application/json"})


@contextmanager
def limited_cpu_time() -> Iterator[None]:
    """Fail when what is done inside takes more processor time than it may."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < LIMIT_SECONDS


def as_received(text: str) -> str:
    """Return a text as the service reads it: halves that meet become one character, controls become spaces."""
    return without_control_characters(json.loads(json.dumps(text)))


def assert_sound(row: dict[str, Any], fields: dict[str, str]) -> None:
    for sentiment in (row["sentiment"], *(entity["sentiment"] for entity in row["entities"])):
        found = [sentiment[name] for name in ("positive", "neutral", "negative")]
        assert all(math.isfinite(value) and 0.0 <= value <= 1.0 for value in found)
        assert sum(found) == pytest.approx(1.0, abs=1e-5)
        assert -1.0 <= sentiment["score"] <= 1.0
    for span in (*row["evidence"], *(mention for entity in row["entities"] for mention in entity["mentions"])):
        assert span["text"]
        assert fields[span["field"]][span["start"] : span["end"]] == span["text"]
    assert all(0.0 <= entity["relevance"] <= 1.0 for entity in row["entities"])
    assert row["abstained"] == (row["abstain_reason"] is not None)


async def assert_answered(nlp: RunningService, texts: list[dict[str, Any]]) -> int:
    """Check the answer to `texts` and return how many were refused; after a refusal each is sent alone."""
    response = await analyse(nlp, texts)
    if response.status_code == 200:
        rows = response.json()["data"]
        assert len(rows) == len(texts)
        for row, text in zip(rows, texts, strict=True):
            assert_sound(row, {name: as_received(text.get(name) or "") for name in ("title", "body")})
        return 0
    assert 400 <= response.status_code < 500, (response.status_code, response.text[:500])
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]
    if len(texts) == 1:
        return 1
    return sum([await assert_answered(nlp, [text]) for text in texts])


async def test_ten_thousand_hostile_texts_are_answered_soundly(nlp: RunningService) -> None:
    texts = drawn_texts(10_000, random_state=5)
    refused = 0

    with limited_cpu_time():
        for start in range(0, len(texts), BATCH):
            batch = [{"title": title} for title in texts[start : start + BATCH]]
            refused += await assert_answered(nlp, batch)

    assert refused == 0


async def test_the_deep_tier_answers_hostile_texts_soundly(start_service: StartService) -> None:
    async with start_service("nlp", nlp_model="deep") as deep:
        refused = await assert_answered(deep, [{"title": title} for title in drawn_texts(400, random_state=10)])

    assert refused == 0


async def test_hostile_texts_are_answered_soundly_in_every_field(nlp: RunningService) -> None:
    titles, bodies = drawn_texts(BATCH, random_state=6), drawn_texts(BATCH, random_state=7)

    refused = await assert_answered(
        nlp,
        [{"title": title, "body": body, "entity": "Apple"} for title, body in zip(titles, bodies[::-1], strict=True)],
    )

    assert refused == 0


@pytest.mark.parametrize("kind", range(len(KINDS)))
async def test_a_hostile_name_or_language_is_answered_or_refused(nlp: RunningService, kind: int) -> None:
    text = drawn_texts(len(KINDS), random_state=8)[kind]

    refused = await assert_answered(nlp, [{"title": "Apple beats estimates", "entity": text, "id": text[:200]}])
    refused_language = await assert_answered(nlp, [{"title": "Apple beats estimates", "language": text}])

    assert refused in {0, 1}
    assert refused_language == 1


@pytest.mark.parametrize("field", ["title", "body"])
async def test_a_vast_text_is_answered_soundly_and_fast(nlp: RunningService, field: str) -> None:
    gazetteer = nlp.engine.thread.analyser.gazetteer
    names = [entity.name for entity in gazetteer.entities.values() if entity.type == "company"]

    with limited_cpu_time():
        for text in vast_texts(names, random_state=9):
            await assert_answered(nlp, [{"title": "Markets today", field: text}])


async def test_what_is_longer_than_the_limit_is_refused(nlp: RunningService) -> None:
    response = await analyse(nlp, [{"title": "a" * 1_000_001}])

    assert response.status_code in {413, 422}
    assert response.headers["content-type"] == "application/problem+json"
