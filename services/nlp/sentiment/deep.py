"""The deep tier: a small sentence encoder on 8-bit integers, blended with the fast tier, which also shows the evidence.

The encoder reads a whole sentence and knows word order; the linear model knows the conventions of headlines by heart.
Their blend is better than either. The stretches shown as evidence are those that move the linear part of the blend.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnxruntime

from nlp.artefacts import checked_path, load_manifest
from nlp.onnx_session import open_session
from nlp.sentiment.blend import Blend
from nlp.sentiment.encoding import TextEncoder, marked, normalised, padded
from nlp.sentiment.fast import FastReading, FastSentiment
from nlp.sentiment.opinion import Opinion
from nlp.sentiment.tier import ANALYSED_CHARACTERS, EntityText, Evidence
from nlp.word_pieces import load_tokenizer

DEEP_ARTEFACT = "sentiment-deep"
BLENDS_KEY = "blends"
# Of 4 to 64 what a core reads fastest: more texts at once leave its cache.
_BATCH_SIZE = 8
_OUTPUTS_OF_A_HEAD = 4
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DeepReading:
    """The blended reading of a text; `second_opinion` is what the fast tier alone thinks."""

    opinion: Opinion
    fast: FastReading

    @property
    def second_opinion(self) -> Opinion | None:
        """What the fast tier thinks."""
        return self.fast.opinion

    def evidence(self) -> list[Evidence]:
        """Return the stretches that moved the score most, in the order of the text."""
        return self.fast.evidence()


class DeepSentiment:
    """The deep tier: one encoder with a document head and a head for a marked name."""

    def __init__(
        self, version: str, fast: FastSentiment, encoder: TextEncoder, session: onnxruntime.InferenceSession
    ) -> None:
        self.version = version
        self._fast = fast
        self._encoder = encoder
        self._session = session
        blends = json.loads(session.get_modelmeta().custom_metadata_map[BLENDS_KEY])
        self._document = Blend.from_row(blends["document"])
        self._entity = Blend.from_row(blends["entity"])

    @classmethod
    def load(cls) -> "DeepSentiment":
        """Return the shipped model, checked by hash."""
        return cls(
            load_manifest()[DEEP_ARTEFACT].version,
            FastSentiment.load(),
            TextEncoder(load_tokenizer()),
            open_session(checked_path(DEEP_ARTEFACT)),
        )

    @property
    def versions(self) -> dict[str, str]:
        """The versions of the encoder and of the fast tier's weights that it is blended with."""
        return {"sentiment": self.version, "sentiment_fast": self._fast.version}

    def read(self, texts: Sequence[str]) -> list[DeepReading]:
        """Return the reading of each text; an empty text gives the prior."""
        readings = self._fast.read(texts)
        outputs = self._outputs([normalised(text[:ANALYSED_CHARACTERS]) for text in texts])
        return [
            DeepReading(self._document(row[:_OUTPUTS_OF_A_HEAD], fast.opinion), fast)
            for row, fast in zip(outputs.tolist(), readings, strict=True)
        ]

    def entities(self, texts: Sequence[EntityText]) -> list[Opinion]:
        """Return what is thought of each text as seen by the entity in it."""
        outputs = self._outputs([marked(_cut(text)) for text in texts])
        return [
            self._entity(row[_OUTPUTS_OF_A_HEAD:], fast)
            for row, fast in zip(outputs.tolist(), self._fast.entities(texts), strict=True)
        ]

    def _outputs(self, texts: Sequence[str]) -> FloatArray:
        """Return both heads' outputs, of shape (n_texts, 8)."""
        return encoder_outputs(self._session, self._encoder.ids(texts))


def encoder_outputs(session: onnxruntime.InferenceSession, ids: Sequence[Sequence[int]]) -> FloatArray:
    """Return what the encoder answers to each row of pieces, of shape (n_texts, 8), in batches of like length."""
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    answers = np.zeros((len(ids), 2 * _OUTPUTS_OF_A_HEAD), dtype=np.float32)
    for start in range(0, len(order), _BATCH_SIZE):
        chosen = order[start : start + _BATCH_SIZE]
        pieces, mask = padded([ids[index] for index in chosen])
        answers[chosen] = session.run(None, {"pieces": pieces, "mask": mask})[0]
    return answers


def _cut(place: EntityText) -> EntityText:
    """Return the text around the name, cut to what fits the encoder."""
    begin = max(0, place.start - ANALYSED_CHARACTERS // 4)
    text = place.text[begin : place.end + ANALYSED_CHARACTERS // 4]
    return EntityText(text, place.start - begin, place.end - begin)
