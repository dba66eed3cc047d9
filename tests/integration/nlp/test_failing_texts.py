"""A text on which the analysis fails costs no other text anything."""

from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from nlp.text_analyser import TextAnalyser, TextAnalysis
from nlp.text_input import TextInput
from tests.conftest import RunningService
from tests.integration.nlp.test_revisions import article

_STUMBLES_ON = "A text that no analyser reads"


class Stumbling(TextAnalyser):
    """The analyser at work, but for one text."""

    def __init__(self, analyser: TextAnalyser) -> None:
        self.__dict__ = analyser.__dict__

    def analyse(self, texts: Sequence[TextInput], *, counterfactual: bool = False) -> list[TextAnalysis]:
        if any(text.title == _STUMBLES_ON for text in texts):
            raise IndexError("string index out of range")
        return super().analyse(texts, counterfactual=counterfactual)


@pytest.fixture
async def stumbling(nlp: RunningService) -> AsyncIterator[RunningService]:
    thread = nlp.engine.thread
    analyser = thread.analyser
    thread.install(Stumbling(analyser), {})
    yield nlp
    thread.install(analyser, {})


async def test_one_article_is_rejected_and_the_others_are_stored(stumbling: RunningService) -> None:
    items = [article(uuid4(), 1).model_dump(mode="json") for _ in range(200)]
    items[77]["title"] = _STUMBLES_ON

    response = await stumbling.client.post("/nlp/v1/analyses", json={"articles": items})

    answers = response.json()["data"]
    assert [answer["index"] for answer in answers if answer["status"] != "stored"] == [77]
    assert answers[77]["error"]["exception"] == "IndexError"
    assert len(await stumbling.neighbour.wait_for_items(199)) == 199


async def test_the_revision_before_one_that_fails_is_still_stored(stumbling: RunningService) -> None:
    first, second = article(article_id := uuid4(), 1), article(article_id, 2)
    second.title = _STUMBLES_ON
    items = [each.model_dump(mode="json") for each in (first, second)]

    response = await stumbling.client.post("/nlp/v1/analyses", json={"articles": items})

    assert [answer["status"] for answer in response.json()["data"]] == ["stored", "rejected"]


async def test_one_text_abstains_and_the_others_are_answered(stumbling: RunningService) -> None:
    texts = [{"title": f"Apple raises its dividend by {cents} cents"} for cents in range(500)]
    texts[3]["title"] = _STUMBLES_ON

    response = await stumbling.client.post("/nlp/v1/texts:analyze", json={"texts": texts})

    found = response.json()["data"]
    failed = [one for one in found if one["abstained"]]
    assert [one["id"] for one in failed] == ["3"]
    assert "IndexError" in failed[0]["abstain_reason"]
    assert response.headers["X-Request-ID"] in failed[0]["abstain_reason"]
