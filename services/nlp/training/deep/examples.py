"""Training examples of the shipped encoder: each text as pieces with all labels, for the whole and toward names."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nlp.sentiment.encoding import PieceText, TextEncoder, padded
from nlp.training.deep.encoder import Encoder
from nlp.training.deep.fine_tuning import Recipe, Report, averaged, epochs
from nlp.training.deep.labelled_texts import LabelledText
from nlp.training.deep.targets import Target, target_loss

PUPILS_RECIPE = Recipe(batch_size=24)
"""A text has about two targets, so that a batch of 24 holds as many as the teachers' of 32."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text as pieces; `toward` holds the first piece of each name, the one behind its last, and the target."""

    ids: Sequence[int]
    of_text: Sequence[Target]
    toward: Sequence[tuple[int, int, Target]]
    n_repeats: int


def examples(texts: Sequence[LabelledText], encoder: TextEncoder) -> list[Example]:
    """Return the texts as examples, each seen once more than by a teacher.

    A target toward a name behind what is read is left out.
    """
    return [_example(text, read) for text, read in zip(texts, encoder.read([text.text for text in texts]), strict=True)]


def _example(text: LabelledText, read: PieceText) -> Example:
    toward = [
        (*pieces, target) for place, target in text.toward if target and (pieces := read.pieces_of(place)) is not None
    ]
    return Example(read.ids, [target for target in text.of_text if target], toward, text.n_repeats + 1)


def tuned(model: Encoder, found: Sequence[Example], recipe: Recipe, report: Report) -> Encoder:
    """Return the running average of the weights of `model` after training it on the examples."""

    def loss(batch: Sequence[Example]) -> Tensor:
        pieces, mask = padded([example.ids for example in batch])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            of_texts, toward = model(torch.from_numpy(pieces), torch.from_numpy(mask))
        return target_loss(*_outputs_and_targets(batch, of_texts.float(), toward.float()), recipe.score_weight)

    return averaged(model, epochs(found, recipe), loss, recipe, report)


def _outputs_and_targets(batch: Sequence[Example], of_texts: Tensor, toward: Tensor) -> tuple[Tensor, list[Target]]:
    """Return the outputs for every target of the batch, of shape (n_targets, 4), and the targets."""
    wholes = [(row, target) for row, example in enumerate(batch) for target in example.of_text]
    names = [(row, *name) for row, example in enumerate(batch) for name in example.toward]
    shares = torch.zeros(len(names), toward.shape[1])
    for index, (_, first, behind, _) in enumerate(names):
        shares[index, first:behind] = 1.0 / (behind - first)
    named = (shares[:, :, None] * toward[[row for row, *_ in names]]).sum(dim=1)
    outputs = torch.cat([of_texts[[row for row, _ in wholes]], named])
    return outputs, [target for _, target in wholes] + [target for *_, target in names]
