"""What the Reuters codes are called in a text ("castor oil", "maize"): evidence for codes that few stories teach."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("code_names.txt")


class Naming(NamedTuple):
    """How a story names a code: whether in its title, and how often below."""

    is_in_title: bool
    n_below: int


@cache
def code_names() -> dict[str, tuple[str, ...]]:
    """Return the names of each code, in lower case and of one or two words; many codes have none."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.partition(": ") for line in lines]
    return {code: tuple(names.split(", ")) for code, _, names in rows}


class CodeNames:
    """Search for the names of `codes`; a code stands for its position in the list."""

    def __init__(self, codes: Sequence[str]) -> None:
        self._single: dict[str, list[int]] = {}
        self._pairs: dict[tuple[str, str], list[int]] = {}
        for column, code in enumerate(codes):
            for name in code_names().get(code, ()):
                first, _, second = name.partition(" ")
                if second:
                    self._pairs.setdefault((first, second), []).append(column)
                else:
                    self._single.setdefault(first, []).append(column)

    def find(self, title: Sequence[str], body: Sequence[str]) -> dict[int, Naming]:
        """Return the codes that a story of these words names."""
        above, below = self._counts(title), self._counts(body)
        return {column: Naming(column in above, below.get(column, 0)) for column in above | below}

    def _counts(self, words: Sequence[str]) -> dict[int, int]:
        found: dict[int, int] = {}
        hits = [self._single[word] for word in words if word in self._single]
        hits += [self._pairs[pair] for pair in pairwise(words) if pair in self._pairs]
        for columns in hits:
            for column in columns:
                found[column] = found.get(column, 0) + 1
        return found
