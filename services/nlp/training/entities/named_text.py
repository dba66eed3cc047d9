"""Text with labelled names (FiNER-ORD): documents as text, with the position of each name."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from nlp.entities.tagging.labels import NamedSpan, NameKind

_TIGHT_LEFT = re.compile(r"[.,!?;:%)\]\u201d]|['\u2019](?:s|t|re|ve|ll|d|m)?|n['\u2019]t")
_TIGHT_RIGHT = re.compile(r"[(\[$\u20ac\u00a3\u201c#@]")


@dataclass(frozen=True, slots=True)
class NamedText:
    """A text with its names; `ends` are the offsets at which its tokens end."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    names: tuple[NamedSpan, ...]


Sentence = list[tuple[str, str]]
"""Tokens with their BIO tags."""


def read_documents(path: Path) -> list[list[Sentence]]:
    """Return the documents of a FiNER-ORD file, each as its sentences."""
    documents: dict[str, dict[str, Sentence]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            documents.setdefault(row["doc"], {}).setdefault(row["sentence"], []).append((row["token"], row["tag"]))
    return [list(sentences.values()) for sentences in documents.values()]


def joined(sentences: Iterable[Sentence], *, is_tight: bool) -> NamedText:
    """Return the sentences as one text.

    Parameters
    ----------
    is_tight : write it as people do, punctuation next to its word; otherwise one space between all tokens
    """
    text = ""
    starts: list[int] = []
    ends: list[int] = []
    names: list[NamedSpan] = []
    quotes = 0
    for sentence in sentences:
        glued = True
        previous = "O"
        if text:
            text += " "
        for word, tag in sentence:
            is_closing = word == '"' and quotes % 2 == 1
            if not glued and not (is_tight and (is_closing or _TIGHT_LEFT.fullmatch(word))):
                text += " "
            starts.append(len(text))
            text += word
            ends.append(len(text))
            if tag[0] == "B" or (tag[0] == "I" and previous[2:] != tag[2:]):
                names.append(NamedSpan(starts[-1], ends[-1], cast("NameKind", tag[2:])))
            elif tag[0] == "I":
                names[-1] = NamedSpan(names[-1].start, ends[-1], names[-1].kind)
            previous = tag
            glued = is_tight and (_TIGHT_RIGHT.fullmatch(word) is not None or (word == '"' and not is_closing))
            quotes += word == '"'
    return NamedText(text, tuple(starts), tuple(ends), tuple(names))


def token_spans(named: NamedText, spans: Iterable[NamedSpan]) -> Iterator[NamedSpan]:
    """Yield the spans with their borders moved out to those of the tokens that they touch."""
    for span in spans:
        touched = [
            index
            for index, (start, end) in enumerate(zip(named.starts, named.ends, strict=True))
            if start < span.end and end > span.start
        ]
        if touched:
            yield NamedSpan(named.starts[touched[0]], named.ends[touched[-1]], span.kind)
