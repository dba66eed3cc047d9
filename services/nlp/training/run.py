"""The entry point of `mia train`: each subject rebuilds its artefact from a data folder and returns its scores."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import structlog

from nlp.artefacts import FOLDER
from nlp.tiers import Tier
from nlp.training import publish as card
from nlp.training.abbreviations import train_abbreviations
from nlp.training.entities.gazetteer import build_gazetteer
from nlp.training.entities.tagger import train_entities
from nlp.training.golden import freeze_golden_answers
from nlp.training.publish import publish
from nlp.training.score_reference import freeze_score_reference, reference_texts
from nlp.training.sentiment import train_sentiment
from nlp.training.topics import train_reuters

Subject = Literal["sentiment", "deep", "topics", "gazetteer", "abbreviations", "entities", "entities-deep"]
ENCODERS = Path(".local/encoders")
TEACHERS = ("bge-small-en-v1.5.onnx", "e5-small-v2.onnx")
"""Pretrained weights, exported to ONNX: encoders of BERT's shape, of twice as many layers as the shipped one."""
_TEACHERS_OF: dict[Subject, tuple[str, ...]] = {"deep": TEACHERS, "entities-deep": TEACHERS[:1]}


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
        subject="Reuters topic codes (R90) of English business news: a ridge regression and the names of each code.",
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
        data=(
            card.SEC_LIST, card.SP500_LIST, card.WORLD_LIST, card.CENSUS_NAMES, card.UNCASED_WORDS, card.REUTERS,
            card.AG_NEWS, card.PHRASEBANK,
        ),
        scores=scores,
    )  # fmt: skip
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


def _deep(data: Path, folder: Path, teachers: Sequence[Path]) -> dict[str, float]:
    # PyTorch takes seconds to import and is needed for this subject only.
    from nlp.training.deep.artefact import train_deep  # noqa: PLC0415

    file, pieces = "sentiment-deep.onnx", "word-pieces.json.gz"
    found = train_deep(data, teachers, folder / file, folder / pieces, say=structlog.get_logger().info)
    publish_deep(folder, file, pieces, found.scores)
    return found.scores


def publish_deep(folder: Path, file: str, pieces: str, scores: dict[str, float]) -> None:
    """Add the deep tier's two artefacts in `folder` to the manifest."""
    publish(
        folder,
        "word-pieces",
        pieces,
        subject="Word pieces of BERT's uncased English vocabulary, as the encoder was pretrained with.",
        data=(card.MINILM,),
        scores={},
    )
    publish(
        folder,
        "sentiment-deep",
        file,
        subject="Sentiment of English financial text: a small encoder on 8-bit integers, blended with the fast tier.",
        data=(
            card.MINILM, card.BGE_SMALL, card.E5_SMALL, card.PHRASEBANK, card.SENTFIN, card.TWITTER, card.SEMEVAL,
            card.FIQA, card.STATEMENTS, card.REUTERS, card.AG_NEWS_TEXTS, card.NEWS_AGGREGATOR_TEXTS,
            card.BENZINGA_TEXTS, card.STOCKNET_TEXTS,
        ),
        scores=scores,
    )  # fmt: skip


def _entities(data: Path, folder: Path) -> dict[str, float]:
    file = "entities.npz"
    scores = train_entities(data, folder / file, structlog.get_logger().info)
    publish(
        folder,
        "entities",
        file,
        subject="Names of organisations, people and places in English news: a linear-chain conditional random field.",
        data=(
            card.FINER_ORD, card.REUTERS, card.AG_NEWS_TEXTS, card.PHRASEBANK_TEXTS, card.SENTFIN, card.TWITTER,
            card.NEWS_AGGREGATOR_TEXTS, card.BENZINGA_TEXTS, card.STOCKNET, card.SEC_LIST, card.CENSUS_NAMES,
            card.MINILM, card.BGE_SMALL,
        ),
        scores=scores,
    )  # fmt: skip
    return scores


def _entities_deep(data: Path, folder: Path, teachers: Sequence[Path]) -> dict[str, float]:
    from nlp.training.deep.names import train_names  # noqa: PLC0415

    file = "entities-deep.onnx"
    (teacher,) = teachers
    scores = train_names(data, teacher, folder / file, structlog.get_logger().info)
    publish(
        folder,
        "entities-deep",
        file,
        subject="Names of organisations, people and places in English news: a small encoder on 8-bit integers.",
        data=(
            card.MINILM, card.BGE_SMALL, card.FINER_ORD, card.REUTERS, card.AG_NEWS_TEXTS, card.PHRASEBANK_TEXTS,
            card.SENTFIN, card.TWITTER, card.NEWS_AGGREGATOR_TEXTS, card.BENZINGA_TEXTS, card.SEC_LIST,
        ),
        scores=scores,
    )  # fmt: skip
    return scores


_TAUGHT: dict[Subject, Callable[[Path, Path, Sequence[Path]], dict[str, float]]] = {
    "deep": _deep,
    "entities-deep": _entities_deep,
}
_FROM_DATA: dict[Subject, Callable[[Path, Path], dict[str, float]]] = {
    "sentiment": _sentiment,
    "topics": _topics,
    "gazetteer": _gazetteer,
    "abbreviations": _abbreviations,
    "entities": _entities,
}


_TIERS: dict[Subject, Tier] = {"sentiment": "fast", "deep": "deep"}
"""The tier whose scores a subject changes."""


def train(subject: Subject, data: Path, folder: Path = FOLDER, encoders: Path = ENCODERS) -> dict[str, float]:
    """Write the artefact of `subject` into `folder` with its card and return the measured scores.

    Parameters
    ----------
    data : the data folder with `sentiment/`, `topics/`, `entities/` and `market/`
    folder : where artefacts and manifest are written; by default those that the service ships
    encoders : the folder of the pretrained weights that teachers begin with, as `make teachers` fetches them

    Notes
    -----
    Equal data and library versions give equal bytes; for `deep`, `entities` and `entities-deep`, whose sums depend on
    the processor and the number of threads, like weights.

    Raises
    ------
    FileNotFoundError
        When the weights of a teacher are missing.
    """
    teachers = [encoders / name for name in _TEACHERS_OF.get(subject, ())]
    for teacher in teachers:
        if not teacher.is_file():
            raise FileNotFoundError(f"There are no weights of a teacher at {teacher}: `make teachers` fetches them.")
    folder.mkdir(parents=True, exist_ok=True)
    scores = _TAUGHT[subject](data, folder, teachers) if subject in _TAUGHT else _FROM_DATA[subject](data, folder)
    if folder == FOLDER:
        freeze_golden_answers()
        if subject in _TIERS:
            freeze_score_reference(reference_texts(data), _TIERS[subject])
    return scores
