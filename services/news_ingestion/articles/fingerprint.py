"""Fingerprints that find candidates: the smallest hashes of a headline's word pairs.

Two texts that share many word pairs share some of their smallest hashes (Broder 1997, "On the resemblance and
containment of documents"). An index on a few hashes per article therefore finds the candidates, and `similarity`
decides about them.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

# With four, the candidates of 887 labelled pairs hold every copy that the comparison would recognise.
N_HASHES = 4
_MASK = (1 << 63) - 1
_MIX = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd: spreads sums of hashes over the whole range


def _text_hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


# As many words as `headline` keeps; longer ones, which are no words, are hashed each time.
_word_hash = lru_cache(maxsize=32_768)(_text_hash)
_CACHED_CHARACTERS = 40


def pair_hashes(words: Sequence[str]) -> set[int]:
    """Return the hashes of the pairs of neighbouring words, in either order; of the only word when there is one.

    Returns
    -------
    set of int, in [0, 2^63), the same in every process and on every machine
    """
    hashes = [_word_hash(word) if len(word) <= _CACHED_CHARACTERS else _text_hash(word) for word in words]
    if len(hashes) == 1:
        hashes *= 2
    return {((one + two) * _MIX) & _MASK for one, two in pairwise(hashes)}


def smallest_hashes(words: Sequence[str], n_hashes: int = N_HASHES) -> list[int]:
    """Return the `n_hashes` smallest pair hashes of `words`, ascending; fewer where there are fewer pairs."""
    return sorted(pair_hashes(words))[:n_hashes]


def fingerprint(words: Sequence[str], figures: Iterable[str]) -> list[int]:
    """Return the hashes under which a headline is found: the smallest of its pairs, and one of all it says.

    Notes
    -----
    The last one finds the exact copy among the hundreds of headlines that a template makes, which differ in figures.
    """
    whole = _text_hash(" ".join((*words, *sorted(figures)))) & _MASK
    return [*smallest_hashes(words), whole] if words else []
