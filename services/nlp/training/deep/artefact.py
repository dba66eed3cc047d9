"""`mia train deep`: fine-tunes the encoder, fits the blend on texts it has not seen, writes it as small integers."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from nlp.sentiment.blend import Blend
from nlp.sentiment.deep import BLENDS_KEY, encoder_answers
from nlp.sentiment.encoding import padded
from nlp.training.corpora import SentimentRow, seen, unseen
from nlp.training.deep.blending import fast_opinions, fit_blend, opinions
from nlp.training.deep.encoder import Encoder, MarkedEncoder
from nlp.training.deep.examples import PUPILS_RECIPE, examples, tuned
from nlp.training.deep.fine_tuning import Recipe, Say, timed_report
from nlp.training.deep.labelled_texts import LabelledText, labelled_rows, labelled_texts, place_of, unlabelled_texts
from nlp.training.deep.onnx_graph import input_ranges, onnx_model, save
from nlp.training.deep.parallel import in_parallel
from nlp.training.deep.pretrained import exported_encoder, pieces_encoder, pieces_path, small_encoder
from nlp.training.deep.teacher import TEACHERS_RECIPE, Question, mixed, questions, teachers_answers, tuned_teacher
from nlp.training.evaluation import document_scores, entity_scores
from nlp.training.statements import of_texts, statements, toward_names

_N_RANGE_TEXTS = 400
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """The blends of both heads and the scores that they reach on the validation part, by the names of the card."""

    blends: dict[str, Blend]
    scores: dict[str, float]


def write_pieces(path: Path) -> None:
    """Write the word pieces of the pretrained encoder to `path`, compressed; equal input gives equal bytes."""
    path.write_bytes(gzip.compress(pieces_path().read_bytes(), mtime=0))


def all_labelled_texts(data: Path) -> list[LabelledText]:
    """Return the labelled texts and the statements of our own."""
    rows, toward = labelled_rows(data)
    ours = statements()
    return labelled_texts(rows + of_texts(ours), toward + toward_names(ours))


def without_validation(texts: Sequence[LabelledText], data: Path) -> list[LabelledText]:
    """Return the texts that are not in the validation part of the labelled sets."""
    held = {row.text for rows in labelled_rows(data) for row in unseen(rows)}
    return [text for text in texts if text.text not in held]


def small_model(encoder: Encoder, data: Path) -> onnx.ModelProto:
    """Return the encoder as a graph on 8-bit integers, scaled by what 400 texts of the training part put in."""
    texts = [row.text for rows in labelled_rows(data) for row in _every(seen(rows), _N_RANGE_TEXTS // 2)]
    read = pieces_encoder().read(texts)
    return onnx_model(encoder, input_ranges(encoder.eval(), (padded([text.ids]) for text in read)))


def write_with_blends(model: onnx.ModelProto, blends: Mapping[str, Blend], path: Path) -> None:
    """Write the graph to `path`, the blends of its heads among its metadata."""
    entry = model.metadata_props.add()
    entry.key = BLENDS_KEY
    entry.value = json.dumps({head: blend.row() for head, blend in blends.items()})
    save(model, path)


def _every(rows: Sequence[SentimentRow], n_rows: int) -> Sequence[SentimentRow]:
    return rows[:: max(1, len(rows) // n_rows)][:n_rows]


def outputs_as_served(path: Path, rows: Sequence[SentimentRow], *, is_toward: bool) -> FloatArray:
    """Return what the written encoder answers to each row, or toward the name in it, of shape (n_rows, 4)."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answers = encoder_answers(session, pieces_encoder().read([row.text for row in rows]))
    places = [place_of(row) if is_toward else None for row in rows]
    return np.array(
        [
            answer.of_text if place is None else answer.toward(place)
            for answer, place in zip(answers, places, strict=True)
        ]
    )


def measured(path: Path, data: Path) -> Measured:
    """Return the blends fitted on the validation part, and the scores there, for the encoder written at `path`.

    Notes
    -----
    A blend has six numbers for thousands of rows, so that fitting it where it is measured flatters scores by little.
    """
    rows, toward = (unseen(rows) for rows in labelled_rows(data))
    deep = [outputs_as_served(path, rows, is_toward=False), outputs_as_served(path, toward, is_toward=True)]
    return measured_blends((rows, toward), deep, fast_opinions(data, (rows, toward)))


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
    data: Path,
    weights: Sequence[Path],
    encoder_path: Path,
    vocabulary_path: Path,
    *,
    say: Say,
    recipes: tuple[Recipe, Recipe] = (TEACHERS_RECIPE, PUPILS_RECIPE),
) -> Measured:
    """Write the deep tier's two artefacts; return its blends and what they score on the validation part.

    Parameters
    ----------
    weights : the pretrained weights of each teacher, exported to ONNX
    recipes : of the teachers, and of the encoder that is shipped

    Notes
    -----
    Teachers, trial and blends never see the labels of the validation part; the scores are the trial's. What is shipped
    learns in the same way from all labels, with the trial's blends. About 80 minutes on two cores whose processor
    multiplies in bfloat16.
    """
    for_teachers, for_pupils = recipes
    labelled = all_labelled_texts(data)
    known = without_validation(labelled, data)
    say(f"tuning {len(weights)} teachers on {len(known):,} texts")
    teachers = in_parallel({path.stem: partial(_teacher, path, known, for_teachers) for path in weights})
    texts = labelled + unlabelled_texts(data)
    asked = questions(texts)
    say(f"asking the teachers {len(asked):,} questions on {len(texts):,} texts")
    answers = in_parallel(
        {path.stem: partial(_answers, teacher, asked) for path, teacher in zip(weights, teachers, strict=True)}
    )
    whole = mixed(texts, np.mean(answers, axis=0))
    kept = without_validation(whole, data)
    say(f"tuning the small encoder on {len(kept):,} texts, and on {len(whole):,}")
    trial, shipped = in_parallel(
        {name: partial(_pupil, found, for_pupils) for name, found in (("trial", kept), ("from all labels", whole))}
    )
    save(small_model(trial, data), encoder_path)
    found = measured(encoder_path, data)
    write_with_blends(small_model(shipped, data), found.blends, encoder_path)
    write_pieces(vocabulary_path)
    return found


def _teacher(weights: Path, texts: Sequence[LabelledText], recipe: Recipe, say: Say) -> MarkedEncoder:
    return tuned_teacher(exported_encoder(weights, MarkedEncoder), texts, recipe, timed_report(say))


def _answers(teacher: MarkedEncoder, asked: Sequence[Question], _say: Say) -> FloatArray:
    found: FloatArray = teachers_answers(teacher, asked)
    return found


def _pupil(texts: Sequence[LabelledText], recipe: Recipe, say: Say) -> Encoder:
    return tuned(small_encoder(), examples(texts, pieces_encoder()), recipe, timed_report(say))
