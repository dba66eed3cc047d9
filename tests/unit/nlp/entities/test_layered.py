"""The deep tier reads the beginning of a text by context, and the rest with the linear tagger."""

import re
from collections.abc import Sequence

import pytest

from nlp.entities.gazetteer import AliasMatch, fold
from nlp.entities.tagging.labels import NamedSpan, NameKind
from nlp.entities.tagging.layered import LayeredTagger
from nlp.text_analyser import TextAnalyser

SENTENCE = "Zorvex said so. "


class Finds:
    """Finds one name, wherever it stands, and keeps what it was asked."""

    reads_headlines = False

    def __init__(self, kind: NameKind) -> None:
        self.versions = {"entities": kind}
        self.asked: list[str] = []
        self._kind = kind

    def tag(self, texts: Sequence[str], matches: Sequence[Sequence[AliasMatch]]) -> list[list[NamedSpan]]:
        assert all(one.end <= len(text) for text, found in zip(texts, matches, strict=True) for one in found)
        self.asked += texts
        return [[NamedSpan(*one.span(), self._kind) for one in re.finditer("Zorvex", text)] for text in texts]


def test_a_short_text_is_read_by_context_alone() -> None:
    contextual, linear = Finds("ORG"), Finds("PER")

    found = LayeredTagger(contextual, linear).tag([SENTENCE, "nothing"], [[], []])

    assert found == [[NamedSpan(0, 6, "ORG")], []]
    assert linear.asked == []


@pytest.mark.parametrize("text", [SENTENCE * 400, "Zorvex " * 1_000, "Zorvex" * 1_000])
def test_every_name_of_a_long_text_is_found_once_by_the_tagger_of_its_place(text: str) -> None:
    contextual, linear = Finds("ORG"), Finds("PER")

    (found,) = LayeredTagger(contextual, linear).tag([text], [[]])

    (read,) = contextual.asked
    assert 3_000 < len(read) <= 5_000
    assert linear.asked == [text]
    places = [match.span() for match in re.finditer("Zorvex", text)]
    whole = [place for place in places if not place[0] < len(read) < place[1]]
    assert [(name.start, name.end) for name in found] == whole
    assert {name.kind for name in found if name.end <= len(read)} == {"ORG"}
    assert {name.kind for name in found if name.start >= len(read)} == {"PER"}


def test_what_the_gazetteer_finds_goes_with_its_place(analyser: TextAnalyser) -> None:
    text = "Microsoft said so. " * 400

    LayeredTagger(Finds("ORG"), Finds("PER")).tag([text], [analyser.gazetteer.find(fold(text))])


def test_both_versions_are_named() -> None:
    assert LayeredTagger(Finds("ORG"), Finds("PER")).versions == {"entities": "ORG", "entities_fast": "PER"}
