"""The deep tier: its blend, its reading of order and of names, and its agreement with what it was made from."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from nlp.artefacts import checked_path, load_manifest
from nlp.onnx_session import open_session
from nlp.sentiment.blend import Blend
from nlp.sentiment.deep import DEEP_ARTEFACT, DeepSentiment
from nlp.sentiment.encoding import TextEncoder, normalised, padded
from nlp.sentiment.fast import FastSentiment
from nlp.sentiment.opinion import Opinion, weighted_mean
from nlp.sentiment.tier import EntityText
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput
from nlp.tiers import load_analyser
from nlp.word_pieces import load_tokenizer


@pytest.fixture(scope="module")
def deep() -> TextAnalyser:
    return load_analyser("deep")


def score_of(deep: TextAnalyser, title: str, entity: str | None = None) -> float:
    (analysis,) = deep.analyse([TextInput(title, entity=entity)])
    return analysis.sentiment.score


def test_a_blend_of_one_tier_is_that_tier() -> None:
    fast = Opinion(0.2, 0.5, 0.3, 0.1)
    outputs = [1.0, 0.0, -1.0, 0.5]

    only_fast = Blend(0.0, 1.0, (0.0, 0.0, 0.0), 0.0, 1.0)(outputs, fast)
    only_deep = Blend(1.0, 0.0, (0.0, 0.0, 0.0), 1.0, 0.0)(outputs, fast)

    assert only_fast[:3] == pytest.approx(fast[:3])
    assert only_fast.score == pytest.approx(0.1)
    total = math.e + 1 + 1 / math.e
    assert only_deep[:3] == pytest.approx([math.e / total, 1 / total, 1 / math.e / total])
    assert only_deep.score == pytest.approx(math.tanh(0.5))


def test_a_blend_survives_its_row() -> None:
    blend = Blend(0.6, 0.4, (-0.1, 0.0, 0.2), 0.8, 0.05)

    assert Blend.from_row(blend.row()) == blend


def test_a_score_stays_in_its_range() -> None:
    opinion = Blend(1.0, 0.0, (0.0, 0.0, 0.0), 1.0, 1.0)([0.0, 0.0, 20.0, 20.0], Opinion(0.1, 0.1, 0.8, 0.7))

    assert opinion.score == 1.0


def test_both_weights_of_the_blend_are_named(deep: TextAnalyser) -> None:
    shipped = load_manifest()

    assert deep.model_versions["sentiment"] == shipped["sentiment-deep"].version
    assert deep.model_versions["sentiment_fast"] == shipped["sentiment-fast"].version
    assert "sentiment_fast" not in load_analyser("fast").model_versions


def test_a_text_is_scored_alike_alone_and_among_others(deep: TextAnalyser) -> None:
    texts = [
        TextInput(f"{name} {verb} after {'a long and quiet ' * count}quarter")
        for count, (name, verb) in enumerate(
            (
                ("Acme", "slumps"),
                ("Zorvex", "raises its outlook"),
                ("Quilara", "recalls 12,000 cars"),
                ("Mendrix", "falls"),
            )
        )
    ]

    together = deep.analyse(texts)

    for text, beside_others in zip(texts, together, strict=True):
        (alone,) = deep.analyse([text])
        assert alone.sentiment.score == pytest.approx(beside_others.sentiment.score, abs=1e-6)
        assert [one.name for one in alone.entities] == [one.name for one in beside_others.entities]


def test_opinions_are_averaged_by_weight() -> None:
    mean = weighted_mean([Opinion(1.0, 0.0, 0.0, -1.0), Opinion(0.0, 0.0, 1.0, 1.0)], [0.75, 0.25])

    assert mean == Opinion(0.75, 0.0, 0.25, -0.5)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Sales rose 8 % to EUR 5 mn , and profit fell .", "Sales rose 8% to EUR 5 mn, and profit fell."),
        ("Up 5% https://t.co/abc", "Up 5% url"),
        ("It\u2019s  a \u201cbuy\u201d", 'It\'s a "buy"'),
    ],
)
def test_texts_are_read_as_news_is_written(written: str, read: str) -> None:
    assert normalised(written) == read


@pytest.mark.parametrize(
    ("text", "name", "pieces"),
    [
        ("Apple beats Nokia", "Nokia", ["nokia"]),
        ("Apple beats Apple's guess", "Apple's", ["apple", "'", "s"]),
        ("Sales at  ABB , Zürich", "Zürich", ["zurich"]),
        ("see https://t.co/x and $TSLA", "$TSLA", ["$", "ts", "##la"]),
        ("\u201cBMW\u201d and (  VW )", "VW", ["v", "##w"]),
    ],
)
def test_the_pieces_of_a_name_are_found(text: str, name: str, pieces: list[str]) -> None:
    tokenizer = load_tokenizer()
    (read,) = TextEncoder(tokenizer).read([text])
    start = text.rindex(name)

    found = read.pieces_of(EntityText(text, start, start + len(name)))

    assert found is not None
    assert [tokenizer.id_to_token(piece) for piece in read.ids[slice(*found)]] == pieces


def test_a_name_behind_what_is_read_has_no_pieces() -> None:
    text = "word " * 200 + "Acme"
    (read,) = TextEncoder(load_tokenizer()).read([text])

    assert read.pieces_of(EntityText(text, 1000, 1004)) is None


def test_a_name_far_into_a_text_is_read_in_its_neighbourhood() -> None:
    tier = DeepSentiment.load()
    near = "Revenue collapsed at Zorvex after a fraud, and its shares were halted."
    far = f"{'The meeting went on as planned. ' * 60}{near}"
    places = [EntityText(text, text.index("Zorvex"), text.index("Zorvex") + 6) for text in (near, far)]

    _, (alone, below) = tier.read([], places)

    assert alone.score < -0.2
    assert below.score < -0.2


def test_rows_are_padded_to_the_longest() -> None:
    pieces, mask = padded([[1, 2, 3], [4]])

    assert np.array_equal(pieces, [[1, 2, 3], [4, 0, 0]])
    assert np.array_equal(mask, [[1, 1, 1], [1, 0, 0]])


def test_one_headline_is_good_for_one_name_and_bad_for_another(deep: TextAnalyser) -> None:
    title = "Samsung gains market share as Nokia loses ground"

    assert score_of(deep, title, "Samsung") > 0.2
    assert score_of(deep, title, "Nokia") < -0.2


def test_word_order_counts(deep: TextAnalyser) -> None:
    good, bad = "Profit rises as costs fall at Acme", "Profit falls as costs rise at Acme"

    assert score_of(deep, good) > 0.2
    assert score_of(deep, bad) < -0.2
    assert score_of(deep, good, "Acme") > score_of(deep, bad, "Acme") + 0.3


def test_a_text_is_read_the_same_alone_and_in_company(deep: TextAnalyser) -> None:
    titles = ["Acme beats estimates", "Shares of Acme plunge after a profit warning from its largest customer", "Flat"]

    together = [analysis.sentiment.score for analysis in deep.analyse([TextInput(title) for title in titles])]

    assert together == pytest.approx([score_of(deep, title) for title in titles], abs=1e-6)


def test_the_second_opinion_is_the_fast_tier_s(deep: TextAnalyser, analyser: TextAnalyser) -> None:
    text = TextInput("Acme wins a large order")

    (found,) = deep.analyse([text])
    (fast,) = analyser.analyse([text])

    assert found.second_opinion is not None
    assert found.second_opinion.positive == pytest.approx(fast.sentiment.positive, abs=1e-6)
    assert found.ambiguity is not None
    assert 0.0 <= found.ambiguity <= 1.0
    assert fast.ambiguity is None


def test_clear_news_is_labelled_as_a_reader_would(deep: TextAnalyser) -> None:
    clear = {
        "Profit jumps 40% and beats estimates": "positive",
        "Shares plunge after profit warning": "negative",
        "The company will publish its annual report on Monday": "neutral",
    }

    found = deep.analyse([TextInput(title) for title in clear])

    assert [analysis.sentiment.label for analysis in found] == list(clear.values())


class CountingSession:
    """The real session, which counts the texts that it reads."""

    def __init__(self) -> None:
        self._session = open_session(checked_path(DEEP_ARTEFACT))
        self.n_texts = 0

    def run(self, names: None, inputs: dict[str, npt.NDArray[np.int64]]) -> list[npt.NDArray[np.float32]]:
        self.n_texts += len(inputs["pieces"])
        return self._session.run(names, inputs)  # type: ignore[no-any-return]

    def get_modelmeta(self) -> object:
        return self._session.get_modelmeta()


def test_a_text_is_read_once_for_all_the_names_in_it() -> None:
    session = CountingSession()
    encoder = TextEncoder(load_tokenizer())
    tier = DeepSentiment("counted", FastSentiment.load(), encoder, session)  # type: ignore[arg-type]
    title = "Samsung and Intel gain as Nokia loses ground"
    places = [
        EntityText(title, title.index(name), title.index(name) + len(name))
        for name in title.split()
        if name[0].isupper()
    ]

    readings, opinions = tier.read([title], places)

    assert session.n_texts == 1
    assert len(readings) == 1
    assert len({opinion.score for opinion in opinions}) == len(places) == 3
