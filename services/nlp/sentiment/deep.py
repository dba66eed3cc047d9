"""The deep tier: a small 8-bit sentence encoder, blended with the fast tier, which also provides the evidence.

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
from nlp.sentiment.encoding import PieceText, TextEncoder, padded
from nlp.sentiment.fast import FastReading, FastSentiment
from nlp.sentiment.opinion import Opinion
from nlp.sentiment.tier import ANALYSED_CHARACTERS, EntityText, Evidence
from nlp.word_pieces import load_tokenizer

DEEP_ARTEFACT = "sentiment-deep"
BLENDS_KEY = "blends"
# Of 4 to 64 what a core reads fastest: more texts at once leave its cache.
_BATCH_SIZE = 8
# A name that ends before it is among the pieces that are read of a text, with words behind it.
_NEAR_CHARACTERS = 250
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
    """The deep tier: one encoder that reads a text once, for the text and for every name in it."""

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

    def read(self, texts: Sequence[str], toward: Sequence[EntityText] = ()) -> tuple[list[DeepReading], list[Opinion]]:
        """Return the reading of each text, the prior for an empty one, and what is thought toward each entity.

        Notes
        -----
        Equal texts are read once, so that a text costs the same whatever number of names in it are asked about.
        """
        fast, fast_toward = self._fast.read(texts, toward)
        whole = [text[:ANALYSED_CHARACTERS] for text in texts]
        places = [_window(place) for place in toward]
        distinct = list(dict.fromkeys([*whole, *(place.text for place in places)]))
        answers = dict(zip(distinct, encoder_answers(self._session, self._encoder.read(distinct)), strict=True))
        readings = [
            DeepReading(self._document(answers[text].of_text.tolist(), one.opinion), one)
            for text, one in zip(whole, fast, strict=True)
        ]
        opinions = [
            self._entity(answers[place.text].toward(place).tolist(), one)
            for place, one in zip(places, fast_toward, strict=True)
        ]
        return readings, opinions


@dataclass(frozen=True, slots=True)
class EncoderAnswer:
    """What the encoder answers to one text: four outputs of the whole, and four at each piece, (n_pieces, 4)."""

    read: PieceText
    of_text: FloatArray
    at_pieces: FloatArray

    def toward(self, place: EntityText) -> FloatArray:
        """Return the outputs toward a name in the text: the mean over its pieces, or over all if it has none."""
        first, behind = self.read.pieces_of(place) or (0, len(self.read.ids))
        return np.asarray(self.at_pieces[first:behind].mean(axis=0))


def encoder_answers(session: onnxruntime.InferenceSession, texts: Sequence[PieceText]) -> list[EncoderAnswer]:
    """Return what the encoder answers to each text; they are read in batches of like length."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index].ids))
    found: dict[int, EncoderAnswer] = {}
    for start in range(0, len(order), _BATCH_SIZE):
        chosen = order[start : start + _BATCH_SIZE]
        pieces, mask = padded([texts[index].ids for index in chosen])
        of_texts, at_pieces = session.run(None, {"pieces": pieces, "mask": mask})
        for index, outputs, row in zip(chosen, of_texts, at_pieces, strict=True):
            found[index] = EncoderAnswer(texts[index], outputs, row[: len(texts[index].ids)])
    return [found[index] for index in range(len(texts))]


def _window(place: EntityText) -> EntityText:
    """Return the name in what the encoder reads of its text: from the beginning, or around a name far from it."""
    begin = 0 if place.end <= _NEAR_CHARACTERS else max(0, place.start - _NEAR_CHARACTERS)
    return EntityText(place.text[begin : begin + ANALYSED_CHARACTERS], place.start - begin, place.end - begin)
