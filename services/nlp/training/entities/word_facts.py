"""What unlabelled text teaches the name tagger about words: clusters by their neighbours, and their use of capitals.

Clusters: positive pointwise mutual information of each word with its neighbours up to two away, brought to 100
dimensions by a singular value decomposition (Levy and Goldberg 2014), then k-means at three sizes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils.extmath import randomized_svd

from nlp.artefacts import Arrays, pack_words
from nlp.entities.tagging.features import USES, name_uses
from nlp.entities.tagging.tokens import name_tokens
from nlp.training.unlabelled import running_texts, short_texts, tokenised_tweets

LEVELS = (64, 256, 1024)
_N_WORDS = 30_000
_N_NEIGHBOURS = 2_000
_N_DIMENSIONS = 100
_MIN_COUNT = 4
_OFFSETS = (-2, -1, 1, 2)
_NEVER_COUNTED = 255
_USUAL_SHARE = 0.2

FloatArray = npt.NDArray[np.float64]


def learn_word_facts(data: Path) -> Arrays:
    """Return the arrays `words`, `clusters`, `capitals` and `uses` learned from the texts under `data`."""
    running = [name_tokens(text).words for text in running_texts(data)]
    short = [name_tokens(text).words for text in short_texts(data)]
    forms = [[_form(word) for word in words] for words in [*running, *short]]
    forms += [tweet.split() for tweet in tokenised_tweets(data)]
    counts = Counter(word for words in forms for word in words)
    words = [word for word, count in counts.most_common(_N_WORDS) if count >= _MIN_COUNT]
    vectors = _vectors(forms, words)
    levels = [
        MiniBatchKMeans(min(size, len(words)), random_state=0, n_init=3, batch_size=4_096).fit_predict(vectors)
        for size in LEVELS
    ]
    steps = _capital_steps(running)
    return {
        "words": pack_words(words),
        "clusters": np.stack(levels, axis=1).astype(np.uint16),
        "uses": _usual_uses(running, words),
        "capitals": np.array([steps.get(word, _NEVER_COUNTED) for word in words], dtype=np.uint8),
    }


def _form(word: str) -> str:
    return "0" * len(word) if word[0].isdigit() else word.lower()


def _vectors(forms: Iterable[Sequence[str]], words: list[str]) -> FloatArray:
    """Return a row of unit length for each word."""
    known = {word: index for index, word in enumerate(words)}
    n_neighbours = min(_N_NEIGHBOURS, len(words))
    rows: list[npt.NDArray[np.int64]] = []
    columns: list[npt.NDArray[np.int64]] = []
    for sentence in forms:
        ids = np.array([-1, -1, *(known.get(word, -1) for word in sentence), -1, -1])
        middle = ids[2:-2]
        for block, offset in enumerate(_OFFSETS):
            beside = ids[2 + offset : len(ids) - 2 + offset]
            met = (middle >= 0) & (beside >= 0) & (beside < n_neighbours)
            rows.append(middle[met])
            columns.append(beside[met] + block * n_neighbours)
    row, column = np.concatenate(rows), np.concatenate(columns)
    counts = sparse.coo_matrix(
        (np.ones(len(row)), (row, column)), shape=(len(words), len(_OFFSETS) * n_neighbours)
    ).tocsr()
    by_word = np.asarray(counts.sum(axis=1)).ravel()
    # Rare neighbours are held down by the power .75 (Levy, Goldberg and Dagan 2015, section 3.2).
    by_neighbour = np.asarray(counts.sum(axis=0)).ravel() ** 0.75
    by_neighbour /= by_neighbour.sum()
    entries = counts.tocoo()
    information = np.log(entries.data / (by_word[entries.row] * by_neighbour[entries.col]))
    positive = sparse.csr_matrix((np.maximum(information, 0.0), (entries.row, entries.col)), shape=counts.shape)
    left, values, _ = randomized_svd(positive, min(_N_DIMENSIONS, len(words) - 1), random_state=0, n_iter=2)
    scaled: FloatArray = left * np.sqrt(values)
    unit: FloatArray = scaled / (np.linalg.norm(scaled, axis=1, keepdims=True) + 1e-9)
    return unit


def _usual_uses(texts: Iterable[Sequence[str]], words: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return for each word, as bits, the uses that at least a fifth of its capitals inside sentences have."""
    met: Counter[tuple[str, str]] = Counter()
    for text in texts:
        met.update(name_uses(text))
    masks = np.zeros(len(words), dtype=np.uint8)
    for index, word in enumerate(words):
        whole = met[word, "inside"]
        usual = [met[word, use] >= max(2.0, _USUAL_SHARE * whole) for use in USES]
        usual[0] = whole > met[word, "lower"]
        masks[index] = sum(1 << bit for bit, is_usual in enumerate(usual) if is_usual)
    return masks


def _capital_steps(sentences: Iterable[Sequence[str]]) -> dict[str, int]:
    """Return for each word met inside sentences the share of its uses with a capital, in fifths."""
    raised: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for words in sentences:
        for before, word in pairwise(words):
            if before in {".", "!", "?", '"'}:
                continue
            low = word.lower()
            met[low] += 1
            raised[low] += word[0].isupper()
    return {word: int(5 * raised[word] / count) for word, count in met.items() if count > 1}
