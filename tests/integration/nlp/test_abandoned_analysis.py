"""A batch of texts that nobody waits for any more holds the models up for one chunk, not for all of it."""

import asyncio

import pytest

from tests.conftest import RunningService

SETTINGS = {"nlp_model": "fast", "nlp_chunk_size": 1}
TEXTS = {
    "texts": [{"title": f"Apple raises its dividend by {n} cents", "body": "Profit rose. " * 500} for n in range(200)]
}


def analysed(service: RunningService) -> float:
    value = service.runtime.registry.get_sample_value("nlp_texts_analysed_total", {"language": "en"})
    return value or 0.0


async def test_an_abandoned_batch_ends_with_its_chunk(nlp: RunningService) -> None:
    before = analysed(nlp)
    posting = asyncio.create_task(nlp.client.post("/nlp/v1/texts:analyze", json=TEXTS))
    async with asyncio.timeout(30):
        while analysed(nlp) < before + 3:
            await asyncio.sleep(0.001)

    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting
    reached = analysed(nlp)
    # The thread is free for others at once: this one waits for at most the chunk that was at work.
    response = await nlp.client.post("/nlp/v1/texts:analyze", json={"texts": [{"title": "Apple cuts its outlook"}]})

    assert response.status_code == 200
    assert analysed(nlp) == reached + 1
    assert reached < before + 200
