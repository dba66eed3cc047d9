"""The use-case of texts that are analysed and not stored."""

from dataclasses import asdict
from functools import partial

from common.batches.item_isolation import Isolated
from common.contracts import ItemError
from nlp.engine import Engine
from nlp.schemas import CounterfactualRead, TextAnalyses, TextAnalysisRead, TextBatch, TextToAnalyse
from nlp.text_analyser import TextAnalysis, no_sentiment
from nlp.text_input import TextInput
from nlp.texts.languages import ENGLISH


async def analyse_posted(engine: Engine, batch: TextBatch, *, counterfactual: bool, is_load_test: bool) -> TextAnalyses:
    """Return the analysis of each text, in the order given; one that the analysis fails on is not scored."""
    analyse = partial(engine.thread.analyse, counterfactual=counterfactual, is_load_test=is_load_test)
    reading = Isolated(engine.runtime, analyse, _unread)
    found = await reading.answer([_input(text, batch) for text in batch.texts])
    versions = engine.thread.model_versions
    return TextAnalyses(
        data=[
            _read(text.id if text.id is not None else str(index), analysis, versions)
            for index, (text, analysis) in enumerate(zip(batch.texts, found, strict=True))
        ]
    )


def _unread(text: TextInput, error: ItemError) -> TextAnalysis:
    return no_sentiment(f"The analysis failed: {error.detail}", text.language or ENGLISH)


def _input(text: TextToAnalyse, batch: TextBatch) -> TextInput:
    return TextInput(
        title=text.title,
        body=text.body or "",
        entity=text.entity,
        language=text.language,
        taxonomy=batch.taxonomy,
    )


def _read(text_id: str, found: TextAnalysis, model_versions: dict[str, str]) -> TextAnalysisRead:
    return TextAnalysisRead(
        id=text_id,
        counterfactuals=[CounterfactualRead(**asdict(one)) for one in found.counterfactuals],
        **found.answer(model_versions),
    )
