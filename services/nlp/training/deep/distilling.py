"""Distillation (Hinton et al. 2015): the small encoder learns what a larger one, tuned on the labels, makes of texts.

The teacher reads labelled texts, where its opinion is mixed with the label, and texts without labels like those that
the service will read, where it is the label.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from nlp.sentiment.encoding import marked, normalised
from nlp.sentiment.tier import EntityText
from nlp.tiers import load_analyser
from nlp.training.deep.encoder import N_OUTPUTS, Encoder
from nlp.training.deep.examples import Classes, Example
from nlp.training.deep.fine_tuning import outputs_of
from nlp.training.deep.pretrained import pieces_encoder
from nlp.training.sentiment import softmax
from nlp.training.unlabelled import texts_as_read

_TEACHERS_SHARE = 0.5
_UNKNOWN = (0.0, 0.0, 0.0)
_MAX_NAMES = 2
FloatArray = npt.NDArray[np.float64]


def teachers_answers(teacher: Encoder, found: Sequence[Example]) -> FloatArray:
    """Return what the teacher answers to each example at its own head, of shape (n_examples, 4).

    Returns
    -------
    Probabilities of negative, neutral and positive, and a score in [-1, 1]
    """
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = outputs_of(teacher, [example.ids for example in found]).reshape(len(found), 2, N_OUTPUTS)
    own = outputs[np.arange(len(found)), [example.head for example in found]]
    return np.column_stack([softmax(own[:, :3]), np.tanh(own[:, 3])])


def softened(found: Sequence[Example], answers: FloatArray) -> list[Example]:
    """Return labelled examples with the teacher's opinion as half of the target, and its score where they lack one."""
    return [
        replace(
            example,
            target=_mixed(example.target, answer),
            score=float(answer[3]) if example.score is None else example.score,
        )
        for example, answer in zip(found, answers, strict=True)
    ]


def _mixed(target: Classes, answer: FloatArray) -> Classes:
    negative, neutral, positive = (1.0 - _TEACHERS_SHARE) * np.array(target) + _TEACHERS_SHARE * answer[:3]
    return float(negative), float(neutral), float(positive)


def answered(found: Sequence[Example], answers: FloatArray) -> list[Example]:
    """Return examples without labels, with the teacher's answers in their stead."""
    return [
        replace(example, target=(float(answer[0]), float(answer[1]), float(answer[2])), score=float(answer[3]))
        for example, answer in zip(found, answers, strict=True)
    ]


def unlabelled_examples(data: Path) -> list[Example]:
    """Return the texts without labels under `data` as examples of the document head, and of the entity head by names.

    Notes
    -----
    Names are the companies and organisations that the shipped recogniser finds, at most two a text. Targets are empty.
    """
    texts = texts_as_read(data)
    pieces = pieces_encoder()
    documents = pieces.ids([normalised(text) for text in texts])
    entities = pieces.ids([marked(place) for place in _named_places(texts)])
    return [
        Example("", tuple(numbers), head, _UNKNOWN, None, 1)
        for head, rows in enumerate((documents, entities))
        for numbers in rows
    ]


def _named_places(texts: Sequence[str]) -> list[EntityText]:
    recogniser = load_analyser("fast").recogniser
    found = []
    for text in texts:
        named = [
            one.mentions[0]
            for one in recogniser.recognise([("title", text)])
            if one.entity.type in {"company", "organisation"} and one.mentions
        ]
        found += [EntityText(text, mention.start, mention.end) for mention in named[:_MAX_NAMES]]
    return found
