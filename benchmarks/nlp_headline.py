"""One headline through the fast tier: against VADER with spaCy's entity ruler (goal 2 x), and against scikit-learn.

First: the same work, a sentiment and the entities named, against a polarity by VADER and the names that spaCy's ruler
finds with as many patterns as the gazetteer has names of companies; and the whole analysis (also language, sentiment
toward each entity, relevance, topics, events, evidence) against the same peers. Last: the document head alone against
scikit-learn with the same vocabulary and weights, one text a call (goal 10 x); prints how often both give the same
label. Headlines: the bundled sample, each once a run.
"""

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from measuring import RUNS, median, report
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from nlp.artefacts import checked_path, load_arrays, unpack_words
from nlp.entities.gazetteer import Gazetteer
from nlp.entities.tagging.linear import EntityTagger
from nlp.sentiment.fast import FAST_ARTEFACT, FastSentiment
from nlp.sentiment.features import document_families, letter_features, written
from nlp.sentiment.tier import label_of
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput
from nlp.texts.tokens import forms

SAMPLE = Path(__file__).resolve().parents[1] / "services" / "standalone" / "sample" / "headlines.csv"
LABELS = ("negative", "neutral", "positive")


def headlines() -> list[str]:
    """Return the titles of the bundled sample, each once."""
    with SAMPLE.open(encoding="utf-8", newline="") as lines:
        return list(dict.fromkeys(row["title"] for row in csv.DictReader(lines)))


def microseconds(act: Callable[[str], object], titles: Sequence[str]) -> float:
    """Return the processor time of one call, the median over the runs."""
    taken = []
    for _ in range(RUNS):
        begun = time.process_time()
        for title in titles:
            act(title)
        taken.append((time.process_time() - begun) / len(titles) * 1e6)
    return median(taken)


def vader_and_ruler(gazetteer: Gazetteer) -> tuple[Callable[[str], object], int]:
    """Return the peer of the whole analysis, and how many patterns its ruler has."""
    names = [
        (alias, found[0].entity.entity_id)
        for alias, found in gazetteer.aliases.items()
        if found[0].entity.type == "company"
    ]
    pipeline = spacy.blank("en")
    ruler: Any = pipeline.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    ruler.add_patterns([{"label": "ORG", "pattern": alias, "id": entity_id} for alias, entity_id in names])
    vader = SentimentIntensityAnalyzer()

    def analyse(title: str) -> object:
        return vader.polarity_scores(title), [(each.text, each.ent_id_) for each in pipeline(title).ents]

    return analyse, len(names)


def _words(text: str) -> list[str]:
    return written(document_families(forms(text)))


def _letters(text: str) -> list[str]:
    return letter_features(forms(text))


class ScikitLearnHead:
    """The document head as scikit-learn runs it: two TF-IDF blocks and a logistic regression."""

    def __init__(self) -> None:
        arrays = load_arrays(checked_path(FAST_ARTEFACT))
        self._blocks = []
        weights = []
        for block, analyzer in (("words", _words), ("letters", _letters)):
            vectorizer = TfidfVectorizer(
                analyzer=analyzer, vocabulary=unpack_words(arrays[f"document_{block}_features"])
            )
            vectorizer.idf_ = arrays[f"document_{block}_idf"].astype(np.float64)
            self._blocks.append(vectorizer)
            weights.append(arrays[f"document_{block}_weights"].astype(np.float64))
        against_neutral = np.vstack(weights).T / float(arrays["document_temperature"])
        intercept = arrays["document_intercept"].astype(np.float64) / float(arrays["document_temperature"])
        self._model = LogisticRegression()
        self._model.classes_ = np.array(LABELS)
        self._model.coef_ = np.vstack([against_neutral[0], np.zeros_like(against_neutral[0]), against_neutral[1]])
        self._model.intercept_ = np.array([intercept[0], 0.0, intercept[1]])

    def label(self, title: str) -> str:
        """Return the likeliest class of one text."""
        row = sparse.hstack([vectorizer.transform([title]) for vectorizer in self._blocks])
        return str(LABELS[int(self._model.predict_proba(row)[0].argmax())])


def main() -> None:
    """Build the peers, check that they do their work, measure, print."""
    titles = headlines()
    begun = time.perf_counter()
    tier = FastSentiment.load()
    analyser = TextAnalyser.load(tier, EntityTagger.load())
    loaded = time.perf_counter() - begun
    peer, n_patterns = vader_and_ruler(analyser.gazetteer)
    head = ScikitLearnHead()

    def same_work(title: str) -> object:
        return tier.read([title])[0][0].opinion, analyser.linker.link([("title", title)])

    def whole(title: str) -> object:
        return analyser.analyse([TextInput(title)])

    ours, all_of_it, theirs = (microseconds(act, titles) for act in (same_work, whole, peer))
    report(
        "sentiment and entities, times as fast as VADER and spaCy's ruler",
        theirs / ours,
        "2",
        f"{len(titles)} headlines, one a call; {ours:.0f} us against {theirs:.0f} us of processor time",
        f"the whole analysis: {all_of_it:.0f} us, {theirs / all_of_it:.2f} times as fast",
        f"{n_patterns:,} patterns in the ruler; models loaded in {loaded:.2f} s",
    )

    def labelled(title: str) -> str:
        return label_of(tier.read([title])[0][0].opinion)

    same = sum(labelled(title) == head.label(title) for title in titles) / len(titles)
    direct, scikit = microseconds(labelled, titles), microseconds(head.label, titles)
    report(
        "document head, times as fast as scikit-learn",
        scikit / direct,
        "10",
        f"{direct:.1f} us against {scikit:.0f} us of processor time; the same label for {same:.1%}",
    )


if __name__ == "__main__":
    main()
