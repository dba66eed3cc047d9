"""Scores of the models as they are served: the labelled texts of a data folder through the whole analyser."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput
from nlp.tiers import Tier, load_analyser
from nlp.training.corpora import SentimentRow, document_rows, entity_rows, unseen
from nlp.training.entities.evaluation import entity_span_scores, ticker_scores
from nlp.training.evaluation import document_scores, entity_scores

_CHUNK = 500
Say = Callable[[str], None]


def evaluate(data: Path, tier: Tier, say: Say) -> dict[str, float]:
    """Return the scores of the shipped models of `tier` on the validation part of the sets under `data`.

    Notes
    -----
    The fast tier's shipped weights are fitted on every row of their sets, so on those sets the figures are flattered,
    and the deep tier's too, by its share of the blend. So is the name tagger on FiNER-ORD. The cards hold figures of
    weights that never saw the part. On other data in the same layout the figures are what they say.
    """
    analyser = load_analyser(tier)
    documents = unseen(document_rows(data))
    named = unseen(entity_rows(data))
    scores = document_scores(documents, _opinions(analyser, documents, say, with_entity=False))
    scores |= entity_scores(named, _opinions(analyser, named, say, with_entity=True))
    say("names and tickers")
    return scores | entity_span_scores(data, analyser) | ticker_scores(data, analyser)


def _opinions(
    analyser: TextAnalyser, rows: Sequence[SentimentRow], say: Say, *, with_entity: bool
) -> npt.NDArray[np.float64]:
    found = []
    for start in range(0, len(rows), _CHUNK):
        say(f"{start:,} of {len(rows):,} {'names' if with_entity else 'texts'}")
        texts = [
            TextInput(row.text, entity=row.entity if with_entity else None) for row in rows[start : start + _CHUNK]
        ]
        found += [analysis.sentiment for analysis in analyser.analyse(texts)]
    return np.array([[one.negative, one.neutral, one.positive, one.score] for one in found])
