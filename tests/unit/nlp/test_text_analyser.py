"""The whole analysis: other languages, hostile strings, and what it must never import."""

import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.entities.linking import MAX_MENTIONS
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput

HOSTILE = [
    "",
    " ",
    "\x00\x01\x02",
    "a" * 1_000_000,
    "a " * 500_000,
    "(" * 100_000,
    "$A" * 100_000,
    "." * 100_000,
    "A.B." * 50_000,
    "http://" * 50_000,
    "Apple Inc. " * 20_000,
    "A & " * 50_000,
    "(A, A, A, A" * 20_000,
    "raises " * 20_000 + "guidance",
    "\u202eelppA sesir\u202c",
    "🚀" * 10_000,
    "A\u200bp\u200bp\u200ble",
    "<script>alert(1)</script> & &amp; &#x0;",
    "İSTANBUL STOCKS RISE İ",
    "ﬀﬁﬂ ß ŉ",
    "\uff11\uff12\uff13 \uff05",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_string_is_answered_quickly(analyser: TextAnalyser, text: str) -> None:
    begun = time.process_time()

    (in_title, in_body) = analyser.analyse([TextInput(text), TextInput("News", body=text)])

    assert abs(in_title.sentiment.score) <= 1 >= abs(in_body.sentiment.score)
    assert time.process_time() - begun < 2.0


_FRAGMENTS = [
    *(", inc .", "Inc", "corp.", "& Co", "PLC", "the ", "Group", "Holdings", "Tony ", "Abbott", "Doxim ", "Apple "),
    *(",", ".", ", ", '"', "\u2019s ", "(", ")", "-", "\u2014", "&", "/", "$", "%", "+", ":", " ", "\u3000", "\u00ad"),
    *("\u0301", "\u200d", "\u202e", "\u0627\u0644", "\u05d0", "\U0001f680", "\u0130", "\u017f", "\ufb01", "\uff21"),
    *("buys ", "raises ", "sues ", "3-for-1 ", "target $", "9" * 400, "1e999", "EPS of $", " billion", "NYSE: "),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    title=st.lists(st.sampled_from(_FRAGMENTS), max_size=24).map("".join),
    body=st.lists(st.sampled_from(_FRAGMENTS), max_size=24).map("".join),
    entity=st.none() | st.sampled_from(_FRAGMENTS),
)
def test_fragments_of_names_and_figures_raise_nothing(
    analyser: TextAnalyser, title: str, body: str, entity: str | None
) -> None:
    (found,) = analyser.analyse([TextInput(title, body=body, entity=entity)], counterfactual=True)

    assert all(mention.text.strip() for one in found.entities for mention in one.mentions)
    assert all(any(map(str.isalnum, one.name)) for one in found.entities)


_PIECES = [
    "Apple ",
    "raises ",
    "$A",
    "(",
    "NYSE: ",
    "NASDAQ: AAPL",
    "\u200b",
    "🚀",
    " the ",
    "ß",
    "İ",
    "\x00",
    "<b>",
    "&amp;",
    ".",
    "!",
    "  ",
    "\n",
    "Inc",
    "%",
    "12,",
    "J. ",
    "مرح",
    "中",
    '"',
    "'s ",
    "http://a",
    "shares ",
    "no ",
    "CEO Jane Roe",
    chr(0x212A),  # the Kelvin sign, a capital letter to those who ignore case
    "�",
]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.sampled_from(_PIECES), max_size=60),
    entity=st.sampled_from([None, "", "Apple", "(", "\u200b", "\u0130"]),
)
def test_no_mixture_of_hostile_pieces_breaks_the_analysis(
    analyser: TextAnalyser, words: list[str], entity: str | None
) -> None:
    text = "".join(words)

    (analysis,) = analyser.analyse([TextInput(text, body=text[::-1], entity=entity)])

    assert analysis.sentiment.label in {"positive", "neutral", "negative"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(max_size=120), body=st.text(max_size=200))
def test_any_text_gives_offsets_inside_it(analyser: TextAnalyser, title: str, body: str) -> None:
    (analysis,) = analyser.analyse([TextInput(title, body=body)])
    texts = {"title": title, "body": body}

    for span in [*analysis.evidence, *(mention for entity in analysis.entities for mention in entity.mentions)]:
        assert texts[span.field][span.start : span.end] == span.text


def test_another_language_is_marked_and_not_scored(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput("Die Aktien von Siemens steigen nach den Quartalszahlen")])

    assert (analysis.language.code, analysis.abstained, analysis.sentiment.score) == ("de", True, 0.0)
    assert analysis.abstain_reason is not None
    assert [entity.ticker for entity in analysis.entities] == ["SIEGY"]


def test_a_text_without_words_is_not_scored(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput("12.5 % !!")])

    assert analysis.abstained


def test_the_sentiment_toward_a_name_is_given_when_asked_for(analyser: TextAnalyser) -> None:
    title = "Nokia profit rises while Ericsson warns of losses"

    nokia, ericsson, nobody = analyser.analyse(
        [TextInput(title, entity="nokia"), TextInput(title, entity="Ericsson"), TextInput(title, entity="Nobody")]
    )

    assert nokia.sentiment.score > ericsson.sentiment.score
    assert nobody.sentiment == analyser.analyse([TextInput(title)])[0].sentiment


def test_the_answers_keep_the_order_of_the_texts(analyser: TextAnalyser) -> None:
    titles = ["Nokia falls", "Die Aktien von Siemens steigen nach den Zahlen", "Tesla rises", ""]

    together = analyser.analyse([TextInput(title) for title in titles])

    assert together == [analyser.analyse([TextInput(title)])[0] for title in titles]


@pytest.mark.parametrize(
    ("title", "name", "kind"),
    [
        ("Boeing CEO Jane Roe to leave", "Jane Roe", "person"),
        ("Acme Widgets Corp files for bankruptcy", "Acme Widgets Corp", "organisation"),
    ],
)
def test_an_announced_name_is_found_without_a_list(analyser: TextAnalyser, title: str, name: str, kind: str) -> None:
    (analysis,) = analyser.analyse([TextInput(title)])

    assert (name, kind) in {(entity.name, entity.type) for entity in analysis.entities}


def test_serving_imports_no_training_library() -> None:
    libraries = ("sklearn", "scipy", "nltk", "pycrfsuite", "names")
    code = f"import sys, nlp.app; print([name for name in {libraries} if name in sys.modules])"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


def test_the_length_of_a_text_changes_nothing_beyond_what_is_read(analyser: TextAnalyser) -> None:
    head = "Apple beats estimates. " + "Nothing else happened today. " * 1_000
    tail = "Nokia cuts its outlook (NYSE: NOK). " * 1_000

    whole, cut = analyser.analyse(
        [
            TextInput(head[:5_000] + tail, head[:20_000] + tail, head[:20_000] + tail),
            TextInput(head[:5_000], head[:20_000], head[:20_000]),
        ]
    )

    assert whole == cut
    assert [entity.ticker for entity in whole.entities] == ["AAPL"]


def test_a_flood_of_marks_keeps_the_number_of_mentions_bounded(analyser: TextAnalyser) -> None:
    found = analyser.linker.link([("body", "Apple (NASDAQ: AAPL) $AAPL " * 500)])

    assert [len(linked.mentions) for linked in found if linked.entity.ticker == "AAPL"] == [MAX_MENTIONS]


def test_a_name_of_several_companies_says_which_and_gives_no_ticker(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput("Shares of First Bancorp rise after earnings")])

    (entity,) = analysis.entities
    assert entity.ticker is None
    assert {meaning.ticker for meaning in entity.meanings} == {"FBP", "FBNC", "FNLC"}


def test_a_clear_name_has_no_other_meanings(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput("Apple beats estimates")])

    assert [(entity.ticker, entity.meanings) for entity in analysis.entities] == [("AAPL", [])]
