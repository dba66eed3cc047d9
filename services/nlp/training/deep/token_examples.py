"""Training examples of the contextual tagger: texts with a label, or a teacher's prediction, for each token."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from nlp.entities.gazetteer import Gazetteer, fold
from nlp.entities.tagging.contextual import ReadText, Scorer, token_scores
from nlp.entities.tagging.labels import LABELS
from nlp.entities.tagging.tokens import name_tokens
from nlp.entities.tagging.word_sequences import SequenceBatch, SequenceEncoder, WordSequence, windows
from nlp.training.deep.token_tagger import TokenTagger
from nlp.training.entities.named_text import Sentence, joined
from nlp.training.entities.tagger import token_labels
from nlp.training.sentiment import softmax

_SMOOTHING = 0.02
_ALONE = 0.5
FloatArray = npt.NDArray[np.float32]


class TaggedText(NamedTuple):
    """The sentences of a text, and for each of its tokens how likely each label is: of shape (n_tokens, 7)."""

    sentences: Sequence[WordSequence]
    targets: FloatArray


class Example(NamedTuple):
    """What the encoder reads at once, and a row of targets for each token in it, in order."""

    window: WordSequence
    targets: FloatArray


class Reader:
    """Reads texts as the service does."""

    def __init__(self, encoder: SequenceEncoder, gazetteer: Gazetteer) -> None:
        self.encoder = encoder
        self._gazetteer = gazetteer

    def labelled(self, documents: Iterable[Sequence[Sentence]]) -> list[TaggedText]:
        """Return labelled documents, written as people write."""
        found = []
        for document in documents:
            named = joined(document, is_tight=True)
            tokens = name_tokens(named.text)
            chosen = [LABELS.index(label) for label in token_labels(named, tokens)]
            targets = np.full((len(chosen), len(LABELS)), _SMOOTHING / len(LABELS), dtype=np.float32)
            targets[np.arange(len(chosen)), chosen] += 1.0 - _SMOOTHING
            sentences = self.encoder.sentences(named.text, tokens, self._gazetteer.find(fold(named.text)))
            found.append(TaggedText(sentences, targets))
        return found

    def answered(self, texts: Iterable[str], teacher: TokenTagger) -> list[TaggedText]:
        """Return texts without labels, with what the teacher makes of them in their stead."""
        sentences, sizes = [], []
        for text in texts:
            tokens = name_tokens(text)
            sentences.append(self.encoder.sentences(text, tokens, self._gazetteer.find(fold(text))))
            sizes.append(len(tokens.words))
        read = [ReadText(windows(own), size) for own, size in zip(sentences, sizes, strict=True)]
        scores = token_scores(torch_scorer(teacher), self.encoder, read)
        opinions = [softmax(answer.astype(np.float64)).astype(np.float32) for answer in scores]
        return list(map(TaggedText, sentences, opinions))


def torch_scorer(tagger: TokenTagger) -> Scorer:
    """Return the tagger as the service's scorer of batches."""
    tagger.eval()

    def score(batch: SequenceBatch) -> FloatArray:
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            found: FloatArray = tagger(*map(torch.from_numpy, batch)).float().numpy()
        return found

    return score


def examples(texts: Sequence[TaggedText], random: np.random.Generator) -> list[Example]:
    """Return what is read in one epoch: half of the texts by sentence, as headlines stand, half in long windows."""
    found = []
    for text in texts:
        is_apart = random.random() < _ALONE
        parts = [part for one in text.sentences for part in one.parts()] if is_apart else windows(text.sentences)
        found += [Example(part, text.targets[_distinct(part)[0]]) for part in parts]
    return found


def example_loss(tagger: TokenTagger, encoder: SequenceEncoder, batch: Sequence[Example]) -> Tensor:
    """Return the mean cross-entropy of the tokens; the score of a token is the mean over its pieces."""
    arrays = encoder.batch([example.window for example in batch])
    width = arrays.pieces.shape[1]
    places, owners = [], []
    n_tokens = 0
    for row, example in enumerate(batch):
        distinct, inverse = _distinct(example.window)
        places.append(row * width + 1 + np.arange(len(inverse)))
        owners.append(n_tokens + inverse)
        n_tokens += len(distinct)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = tagger(*map(torch.from_numpy, arrays))
    owner = torch.from_numpy(np.concatenate(owners))
    scores = outputs.float().view(-1, len(LABELS))[torch.from_numpy(np.concatenate(places))]
    sums = torch.zeros(n_tokens, len(LABELS)).index_add_(0, owner, scores)
    means = sums / torch.bincount(owner, minlength=n_tokens)[:, None]
    targets = torch.from_numpy(np.concatenate([example.targets for example in batch]))
    return -(targets * functional.log_softmax(means, dim=1)).sum(dim=1).mean()


def _distinct(window: WordSequence) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the tokens of the window, and for each piece which of them it belongs to."""
    distinct, inverse = np.unique(np.array(window.tokens, dtype=np.int64), return_inverse=True)
    return distinct, inverse
