"""Training examples of the shipped encoder: each text as pieces with all labels, for the whole and toward names."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nlp.sentiment.encoding import PieceText, TextEncoder, padded
from nlp.training.deep.encoder import Encoder
from nlp.training.deep.fine_tuning import Recipe, Report, averaged, epochs
from nlp.training.deep.labelled_texts import TaughtText
from nlp.training.deep.targets import Answer, answer_loss

PUPILS_RECIPE = Recipe(batch_size=24)
"""A text has about two answers, so that a batch of 24 holds as many as the teachers' of 32."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text as pieces; `toward` holds the first piece of each name, the one behind its last, and the answer."""

    ids: Sequence[int]
    of_text: Sequence[Answer]
    toward: Sequence[tuple[int, int, Answer]]
    n_repeats: int


def lessons(texts: Sequence[TaughtText], encoder: TextEncoder) -> list[Lesson]:
    """Return the texts as lessons, each seen once more than by a teacher.

    An answer toward a name behind what is read is left out.
    """
    return [_lesson(text, read) for text, read in zip(texts, encoder.read([text.text for text in texts]), strict=True)]


def _lesson(text: TaughtText, read: PieceText) -> Lesson:
    toward = [
        (*pieces, answer) for place, answer in text.toward if answer and (pieces := read.pieces_of(place)) is not None
    ]
    return Lesson(read.ids, [answer for answer in text.of_text if answer], toward, text.n_repeats + 1)


def tuned(model: Encoder, found: Sequence[Lesson], recipe: Recipe, report: Report) -> Encoder:
    """Return the running average of the weights of `model` after training it on the lessons."""

    def loss(batch: Sequence[Lesson]) -> Tensor:
        pieces, mask = padded([lesson.ids for lesson in batch])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            of_texts, toward = model(torch.from_numpy(pieces), torch.from_numpy(mask))
        return answer_loss(*_answered(batch, of_texts.float(), toward.float()), recipe.score_weight)

    return averaged(model, epochs(found, recipe), loss, recipe, report)


def _answered(batch: Sequence[Lesson], of_texts: Tensor, toward: Tensor) -> tuple[Tensor, list[Answer]]:
    """Return the outputs for every answer of the batch, of shape (n_answers, 4), and the answers."""
    wholes = [(row, answer) for row, lesson in enumerate(batch) for answer in lesson.of_text]
    names = [(row, *name) for row, lesson in enumerate(batch) for name in lesson.toward]
    shares = torch.zeros(len(names), toward.shape[1])
    for index, (_, first, behind, _) in enumerate(names):
        shares[index, first:behind] = 1.0 / (behind - first)
    named = (shares[:, :, None] * toward[[row for row, *_ in names]]).sum(dim=1)
    outputs = torch.cat([of_texts[[row for row, _ in wholes]], named])
    return outputs, [answer for _, answer in wholes] + [answer for *_, answer in names]
