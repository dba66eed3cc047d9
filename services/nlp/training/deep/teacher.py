"""Teachers (Hinton et al. 2015): larger encoders, fine-tuned on the labels, with one pass over a text per question."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import Tensor

from nlp.sentiment.encoding import MAX_PIECES, normalised, padded
from nlp.sentiment.tier import EntityText
from nlp.training.deep.encoder import N_OUTPUTS, MarkedEncoder
from nlp.training.deep.fine_tuning import Recipe, Report, averaged, epochs
from nlp.training.deep.labelled_texts import LabelledText
from nlp.training.deep.pretrained import pieces_path
from nlp.training.deep.targets import Target, target_loss
from nlp.training.sentiment import softmax

TEACHERS_RECIPE = Recipe(decay=0.9)
"""For twice as many layers: the lowest of twelve would hardly learn at .85 a layer."""
_SMOOTHING = 0.05
_SHARE = 0.5
_OPEN, _CLOSE = "[unused0]", "[unused1]"
_BATCH_SIZE = 64
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Question:
    """A text as a teacher reads it and what it is asked: 0 of the whole, 1 toward the name between marks."""

    ids: Sequence[int]
    head: int
    target: Target | None
    n_repeats: int


def questions(texts: Sequence[LabelledText]) -> list[Question]:
    """Return the questions of all texts, of each in the order of `LabelledText.questions`."""
    tokenizer = Tokenizer.from_file(str(pieces_path()))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_PIECES)
    tokenizer.add_special_tokens([_OPEN, _CLOSE])
    asked = [(text, place, target) for text in texts for place, target in text.questions()]
    read = tokenizer.encode_batch(
        [normalised(text.text) if place is None else marked(place) for text, place, _ in asked]
    )
    return [
        Question(one.ids, int(place is not None), target, text.n_repeats)
        for one, (text, place, target) in zip(read, asked, strict=True)
    ]


def marked(place: EntityText) -> str:
    """Return the text with the name between marks."""
    text, start, end = place
    return f"{normalised(text[:start])} {_OPEN} {normalised(text[start:end])} {_CLOSE} {normalised(text[end:])}".strip()


def tuned_teacher(model: MarkedEncoder, texts: Sequence[LabelledText], recipe: Recipe, report: Report) -> MarkedEncoder:
    """Return the running average of the weights of `model` after training it on the labels, smoothed."""

    def loss(batch: Sequence[Question]) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = _outputs(model, batch)
        targets = [_smoothed(question.target) for question in batch if question.target is not None]
        return target_loss(outputs.float(), targets, recipe.score_weight)

    return averaged(model, epochs(questions(texts), recipe), loss, recipe, report)


def _outputs(model: MarkedEncoder, batch: Sequence[Question]) -> Tensor:
    """Return what is answered to each question, of shape (n_questions, 4)."""
    pieces, mask = padded([question.ids for question in batch])
    outputs: Tensor = model(torch.from_numpy(pieces), torch.from_numpy(mask))
    heads = torch.tensor([question.head for question in batch])
    return outputs.view(len(batch), 2, N_OUTPUTS)[torch.arange(len(batch)), heads]


def _smoothed(target: Target) -> Target:
    negative, neutral, positive = (share * (1.0 - _SMOOTHING) + _SMOOTHING / 3.0 for share in target.classes)
    return Target((negative, neutral, positive), target.score)


@torch.no_grad()
def teachers_answers(model: MarkedEncoder, asked: Sequence[Question]) -> FloatArray:
    """Return what the teacher answers, of shape (n_questions, 4): the probabilities of the classes, and a score."""
    model.eval()
    order = sorted(range(len(asked)), key=lambda index: len(asked[index].ids))
    outputs = np.zeros((len(asked), N_OUTPUTS))
    for start in range(0, len(order), _BATCH_SIZE):
        chosen = order[start : start + _BATCH_SIZE]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs[chosen] = _outputs(model, [asked[index] for index in chosen]).float().numpy()
    return np.column_stack([softmax(outputs[:, :3]), np.tanh(outputs[:, 3])])


def mixed(texts: Sequence[LabelledText], answers: FloatArray) -> list[LabelledText]:
    """Return the texts with the teachers' opinion as half of what is known, and as all of it where nothing is.

    Parameters
    ----------
    answers : of shape (n_questions, 4), to the questions of all texts in their order
    """
    rows = iter(answers.tolist())

    def mix(known: Target | None) -> Target:
        *shares, score = next(rows)
        if known is None:
            return _target(shares, score)
        theirs = [(1.0 - _SHARE) * own + _SHARE * share for own, share in zip(known.classes, shares, strict=True)]
        return _target(theirs, score if known.score is None else (1.0 - _SHARE) * known.score + _SHARE * score)

    def answered(text: LabelledText) -> LabelledText:
        of_text: list[Target | None] = [mix(known) for known in text.of_text]
        return replace(text, of_text=of_text, toward=[(place, mix(known)) for place, known in text.toward])

    return [answered(text) for text in texts]


def _target(shares: Sequence[float], score: float) -> Target:
    negative, neutral, positive = shares
    return Target((negative, neutral, positive), score)
