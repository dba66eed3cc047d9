"""The entry of `mia train`: each subject reproduces its shipped artefact from a data folder and returns its scores."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from nlp.artefacts import FOLDER
from nlp.training import publish as card
from nlp.training.abbreviations import train_abbreviations
from nlp.training.entities import train_entities
from nlp.training.gazetteer import build_gazetteer
from nlp.training.golden import freeze_golden_answers
from nlp.training.publish import publish
from nlp.training.sentiment import train_sentiment
from nlp.training.topics import train_reuters

Subject = Literal["sentiment", "topics", "gazetteer", "abbreviations", "entities"]


def _sentiment(data: Path, folder: Path) -> dict[str, float]:
    file = "sentiment-fast.npz"
    scores = train_sentiment(data, folder / file)
    publish(
        folder,
        "sentiment-fast",
        file,
        subject="Sentiment of English financial text: a document head and a head for one marked entity; linear.",
        data=(card.PHRASEBANK, card.SENTFIN, card.TWITTER, card.SEMEVAL, card.FIQA),
        scores=scores,
    )
    return scores


def _topics(data: Path, folder: Path) -> dict[str, float]:
    file = "topics-reuters.npz"
    scores = train_reuters(data, folder / file)
    publish(
        folder,
        "topics-reuters",
        file,
        subject="Reuters topic codes (R90) of English business news: one linear model a code, own thresholds.",
        data=(card.REUTERS,),
        scores=scores,
    )
    return scores


def _gazetteer(data: Path, folder: Path) -> dict[str, float]:
    file = "gazetteer.json.gz"
    scores = {name: float(count) for name, count in build_gazetteer(data, folder / file).items()}
    publish(
        folder,
        "gazetteer",
        file,
        subject="Listed companies with aliases and tickers; common people, places, currencies, commodities, indices.",
        data=(card.SEC_LIST, card.SP500_LIST, card.REUTERS, card.AG_NEWS, card.PHRASEBANK),
        scores=scores,
    )
    return scores


def _abbreviations(data: Path, folder: Path) -> dict[str, float]:
    file = "abbreviations.txt"
    scores = train_abbreviations(data, folder / file)
    publish(
        folder,
        "abbreviations",
        file,
        subject="Words whose final period ends no sentence, learned by NLTK's Punkt; a list of words.",
        data=(card.REUTERS,),
        scores=scores,
    )
    return scores


def _entities(data: Path, folder: Path) -> dict[str, float]:
    file = "entities.npz"
    scores = train_entities(data, folder / file)
    publish(
        folder,
        "entities",
        file,
        subject="Names of organisations, people and places in English news: a linear-chain conditional random field.",
        data=(
            card.FINER_ORD, card.REUTERS, card.AG_NEWS_WORDS, card.PHRASEBANK, card.SENTFIN, card.TWITTER,
            card.NEWS_AGGREGATOR, card.BENZINGA, card.STOCKNET, card.SEC_LIST, card.CENSUS_NAMES,
        ),
        scores=scores,
    )  # fmt: skip
    return scores


_SUBJECTS: dict[Subject, Callable[[Path, Path], dict[str, float]]] = {
    "sentiment": _sentiment,
    "topics": _topics,
    "gazetteer": _gazetteer,
    "abbreviations": _abbreviations,
    "entities": _entities,
}


def train(subject: Subject, data: Path, folder: Path = FOLDER) -> dict[str, float]:
    """Write the artefact of `subject` into `folder` with its card and return the measured scores.

    Parameters
    ----------
    data : the data folder with `sentiment/`, `topics/`, `entities/` and `market/`
    folder : where artefacts and manifest are written; by default those that the service ships

    Notes
    -----
    Equal data and library versions give equal bytes: nothing is drawn at random.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scores = _SUBJECTS[subject](data, folder)
    if folder == FOLDER:
        freeze_golden_answers()
    return scores
