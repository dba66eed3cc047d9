"""The places of one name in an article are settled together."""

import pytest

from nlp.entities.consistency import settle_kinds, surnames_in
from nlp.entities.tagging.labels import LABELS, NamedSpan, NameKind, named_spans
from nlp.entities.tagging.tokens import name_tokens
from nlp.text_analyser import TextAnalyser


def found(text: str, *names: tuple[str, NameKind]) -> list[NamedSpan]:
    """Return spans of the names, each at its first place after the one before."""
    spans: list[NamedSpan] = []
    for name, kind in names:
        start = text.index(name, spans[-1].end if spans else 0)
        spans.append(NamedSpan(start, start + len(name), kind))
    return spans


def settled(text: str, *names: tuple[str, NameKind]) -> list[tuple[str, NameKind]]:
    (spans,) = settle_kinds([text], [found(text, *names)])
    return [(text[span.start : span.end], span.kind) for span in spans]


def test_an_organisation_is_found_wherever_its_name_stands() -> None:
    text = "Rivals envy Doxim. The board of Doxim met, said Doxim."

    assert settled(text, ("Doxim", "ORG")) == [("Doxim", "ORG")] * 3


def test_a_firm_is_found_without_its_legal_form() -> None:
    text = "Miller Kaplan LLP grew. We like Miller Kaplan a lot."

    assert settled(text, ("Miller Kaplan LLP", "ORG")) == [("Miller Kaplan LLP", "ORG"), ("Miller Kaplan", "ORG")]


def test_a_surname_is_the_person_named_in_full() -> None:
    text = "Tony Abbott spoke. Later Abbott left."

    assert settled(text, ("Tony Abbott", "PER"), ("Abbott", "ORG")) == [("Tony Abbott", "PER"), ("Abbott", "PER")]


def test_a_name_that_is_mostly_a_firm_is_no_surname() -> None:
    text = "Rival Glencore rose. Glencore, then Glencore, then Glencore, and Glencore again."
    names = [("Rival Glencore", "PER"), *[("Glencore", "ORG")] * 4]

    assert settled(text, *names)[1:] == [("Glencore", "ORG")] * 4


def test_a_name_takes_the_kind_of_most_of_its_places() -> None:
    text = "Zignal Labs grew, Zignal Labs hired and Zignal Labs moved."

    kinds = settled(text, ("Zignal Labs", "ORG"), ("Zignal Labs", "PER"), ("Zignal Labs", "ORG"))

    assert kinds == [("Zignal Labs", "ORG")] * 3


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The Speaker met them, said Speaker Ryan.", "Speaker"),
        ("Labor won. The cost of labor rose. Then Labor lost.", "Labor"),
    ],
)
def test_a_part_of_another_name_and_an_everyday_word_are_not_added(text: str, name: str) -> None:
    assert settled(text, (name, "ORG")) == [(name, "ORG")]


def test_surnames_are_looked_for_in_all_fields() -> None:
    title, body = "Abbott under fire", "Tony Abbott said nothing."

    assert surnames_in([title, body], [[], found(body, ("Tony Abbott", "PER"))]) == {"Abbott"}


def test_a_company_of_the_same_name_as_a_person_in_full_is_not_linked_without_a_sign(analyser: TextAnalyser) -> None:
    body = "Former prime minister Tony Abbott spoke in Sydney on Monday. Mr. Abbott said that he would not go."
    entities = analyser.recogniser.recognise([("title", "A long day in parliament"), ("body", body)])

    assert "ABT" not in {one.entity.ticker for one in entities}


def test_a_company_with_a_sign_stays_beside_its_namesake(analyser: TextAnalyser) -> None:
    body = "Michael Dell spoke in Austin on Monday. Shares of Dell rose 3 percent after the results."
    entities = analyser.recogniser.recognise([("title", "A long day"), ("body", body)])

    assert "DELL" in {one.entity.ticker for one in entities}


@pytest.mark.parametrize("name", [", inc", ", inc , ltd", ". , & corp", "-, the co", ",", '" , group', "\u0301, plc"])
def test_a_name_of_marks_and_legal_forms_has_no_short_form(name: str) -> None:
    text = f"Shares of {name} rose. The others fell, said {name} and Doxim Inc. Doxim grew."

    found = settled(text, (name, "ORG"), ("Doxim Inc", "ORG"))

    assert ("Doxim", "ORG") in found
    assert all(any(map(str.isalnum, each)) for each, _ in found if each != name)


@pytest.mark.parametrize(
    ("text", "names"),
    [(", inc . rose", ["inc ."]), ('" , " rose', []), ("& Sons rose", ["Sons"]), ("- - rose", [])],
)
def test_a_name_begins_with_a_word(text: str, names: list[str]) -> None:
    tokens = name_tokens(text)
    labels = dict.fromkeys(range(len(tokens.words) - 1), LABELS.index("I-ORG"))
    labels[0] = LABELS.index("B-ORG")

    assert [text[span.start : span.end] for span in named_spans(tokens, labels)] == names
