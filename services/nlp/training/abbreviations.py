"""`mia train abbreviations`: learns from raw text which words end in a full stop that does not end a sentence.

NLTK's Punkt (Kiss and Strunk 2006) needs no labels and no download: it compares how often a word stands with and
without a final period. What it learns is a list of words; the service reads the list and needs no NLTK.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from nltk.tokenize.punkt import PunktTrainer

from nlp.texts.sentences import LISTED_ABBREVIATIONS, sentence_borders
from nlp.training.corpora import story_bodies

_WORD = re.compile(r"[A-Za-z][A-Za-z.]*")
_ABBREVIATION = re.compile(r"[a-z]{2,6}|[a-z](?:\.[a-z]{1,3})+")


def train_abbreviations(data: Path, target: Path) -> dict[str, float]:
    """Write the learned abbreviations to `target`, one a line, and return how well sentences are then found.

    Notes
    -----
    A plain word is kept only if it is never seen without its period, so that "flu" or "hay" at the end of a sentence
    still ends it. The scores are of sentence borders in FiNER-ORD's validation part, which Punkt never sees.
    """
    learned = learn_abbreviations(story_bodies(data)) - LISTED_ABBREVIATIONS
    target.write_text("".join(f"{word}\n" for word in sorted(learned)), encoding="utf-8")
    documents = list(_documents(data / "entities" / "finer_ord_val.csv"))
    scores = {"n_learned": float(len(learned)), "n_documents": float(len(documents))}
    for name, known in (("listed only", LISTED_ABBREVIATIONS), ("with learned", LISTED_ABBREVIATIONS | learned)):
        scores[f"sentence border F1, {name}"] = _border_f1(documents, known)
    return scores


def learn_abbreviations(texts: Iterable[str]) -> set[str]:
    """Return the abbreviations that `texts` show, in lower case and without their final period."""
    trainer = PunktTrainer()
    with_period: Counter[str] = Counter()
    without: Counter[str] = Counter()
    for text in texts:
        trainer.train(text, finalize=False)
        for word in _WORD.findall(text.lower()):
            (with_period if word.endswith(".") else without)[word.rstrip(".")] += 1
    trainer.finalize_training()
    return {
        word
        for word in trainer.get_params().abbrev_types
        if _ABBREVIATION.fullmatch(word) and ("." in word or (without[word] == 0 and with_period[word] > 1))
    }


def _documents(path: Path) -> Iterable[tuple[str, set[int]]]:
    """Yield each document as text, with the offsets at which its sentences end."""
    sentences: dict[str, dict[str, list[str]]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            sentences.setdefault(row["doc"], {}).setdefault(row["sentence"], []).append(row["token"])
    for document in sentences.values():
        text, ends = "", set()
        for tokens in document.values():
            # Tokens of the corpus are apart; a period belongs to the word before it.
            text += re.sub(r" (?=[.,!?;:%])", "", " ".join(tokens))
            ends.add(len(text))
            text += " "
        yield text, ends


def _border_f1(documents: list[tuple[str, set[int]]], abbreviations: frozenset[str] | set[str]) -> float:
    found = expected = right = 0
    for text, ends in documents:
        borders = set(sentence_borders(text, frozenset(abbreviations)))
        inner = {end for end in ends if end < len(text.rstrip())}
        found, expected, right = found + len(borders), expected + len(inner), right + len(borders & inner)
    return 2 * right / (found + expected) if found + expected else 0.0
