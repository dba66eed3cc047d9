"""`mia train deep`: fine-tunes the encoder, fits the blend on texts it has not seen, writes it as small integers."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from nlp.sentiment.blend import Blend
from nlp.sentiment.deep import BLENDS_KEY, encoder_outputs
from nlp.sentiment.encoding import padded
from nlp.training.corpora import SentimentRow, seen, unseen
from nlp.training.deep.blending import fast_opinions, fit_blend, opinions
from nlp.training.deep.distilling import answered, softened, teachers_answers, unlabelled_examples
from nlp.training.deep.encoder import N_OUTPUTS, Encoder
from nlp.training.deep.examples import SMOOTHING, Example, encoded_text, examples, training_rows
from nlp.training.deep.fine_tuning import TEACHERS_RECIPE, Recipe, fine_tune, mean_of, timed_report
from nlp.training.deep.onnx_graph import input_ranges, onnx_model, save
from nlp.training.deep.pretrained import exported_encoder, pieces_encoder, pieces_path, small_encoder
from nlp.training.evaluation import document_scores, entity_scores
from nlp.training.statements import naming, statements

_N_RANGE_TEXTS = 400
FloatArray = npt.NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """The blends of both heads and the scores that they reach on the validation part, by the names of the card."""

    blends: dict[str, Blend]
    scores: dict[str, float]


def write_pieces(path: Path) -> None:
    """Write the word pieces of the pretrained encoder to `path`, compressed; equal input gives equal bytes."""
    path.write_bytes(gzip.compress(pieces_path().read_bytes(), mtime=0))


def labelled_examples(data: Path, smoothing: float = SMOOTHING, *, everything: bool = False) -> list[Example]:
    """Return the labelled texts of both heads and the statements of our own; `everything` adds the validation part."""
    documents, entities = training_rows(data)
    if not everything:
        documents, entities = seen(documents), seen(entities)
    ours = statements()
    pieces = pieces_encoder()
    return [
        *examples(documents + ours, pieces, 0, smoothing),
        *examples(entities + naming(ours), pieces, 1, smoothing),
    ]


class Lessons:
    """What the small encoder learns from: labels mixed with what the teacher makes of their texts, and that alone."""

    def __init__(self, data: Path, teacher: Encoder, say: Say) -> None:
        self._data = data
        self._teacher = teacher
        unlabelled = unlabelled_examples(data)
        say(f"the teacher reads {len(unlabelled):,} examples without labels")
        self._unlabelled = answered(unlabelled, teachers_answers(teacher, unlabelled))

    def examples(self, *, everything: bool) -> list[Example]:
        """Return the examples; `everything` adds the labels of the validation part.

        Notes
        -----
        Labels are not smoothed here: the teacher's opinion in each target does that, and better.
        """
        labelled = labelled_examples(self._data, smoothing=0.0, everything=everything)
        return softened(labelled, teachers_answers(self._teacher, labelled)) + self._unlabelled


def small_model(encoder: Encoder, data: Path) -> onnx.ModelProto:
    """Return the encoder as a graph on 8-bit integers, scaled by what 400 texts of the training part put in."""
    documents, entities = (seen(rows) for rows in training_rows(data))
    texts = [encoded_text(row, with_entity=False) for row in _every(documents, _N_RANGE_TEXTS // 2)]
    texts += [encoded_text(row, with_entity=True) for row in _every(entities, _N_RANGE_TEXTS // 2)]
    ids = pieces_encoder().ids(texts)
    return onnx_model(encoder, input_ranges(encoder.eval(), (padded([row]) for row in ids)))


def write_with_blends(model: onnx.ModelProto, blends: Mapping[str, Blend], path: Path) -> None:
    """Write the graph to `path`, the blends of its heads among its metadata."""
    entry = model.metadata_props.add()
    entry.key = BLENDS_KEY
    entry.value = json.dumps({head: blend.row() for head, blend in blends.items()})
    save(model, path)


def _every(rows: Sequence[SentimentRow], n_rows: int) -> Sequence[SentimentRow]:
    return rows[:: max(1, len(rows) // n_rows)][:n_rows]


def outputs_as_served(path: Path, texts: Sequence[str]) -> FloatArray:
    """Return what the written encoder answers to each text, of shape (n_texts, 8)."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(encoder_outputs(session, pieces_encoder().ids(texts)), dtype=np.float64)


def measured(path: Path, data: Path) -> Measured:
    """Return the blends fitted on the validation part, and the scores there, for the encoder written at `path`.

    Notes
    -----
    A blend has six numbers for thousands of rows, so that fitting it where it is measured flatters scores by little.
    """
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


def train_deep(
    data: Path, teacher: Path, encoder_path: Path, vocabulary_path: Path, say: Say, recipe: Recipe | None = None
) -> Measured:
    """Write the deep tier's two artefacts; return its blends and what they score on the validation part.

    Parameters
    ----------
    teacher : the pretrained weights of the larger encoder, exported to ONNX

    Notes
    -----
    Teacher, trial and blends never see the labels of the validation part; the scores are the trial's. A second encoder
    then learns in the same way from all labels, and what is shipped is the mean of both (a model soup; Wortsman et al.
    2022) with the trial's blends. About an hour and a half on two cores whose processor multiplies in bfloat16.
    """
    say("tuning the teacher")
    large = fine_tune(
        exported_encoder(teacher, Encoder), labelled_examples(data), recipe or TEACHERS_RECIPE, timed_report(say)
    )
    lessons = Lessons(data, large, say)

    def learned(*, everything: bool) -> Encoder:
        found = lessons.examples(everything=everything)
        say(f"tuning the small encoder on {len(found):,} examples")
        return fine_tune(small_encoder(), found, recipe or Recipe(), timed_report(say))

    trial = learned(everything=False)
    save(small_model(trial, data), encoder_path)
    found = measured(encoder_path, data)
    shipped = mean_of(trial, learned(everything=True))
    write_with_blends(small_model(shipped, data), found.blends, encoder_path)
    write_pieces(vocabulary_path)
    return found
