"""Tokens for name recognition: with offsets; hyphens and possessives are separate, initials keep their period.

The same tokens come from running text and from text whose tokens are already apart ("Inc .", "Wal - Mart", "Ford 's"),
so that a model learned from one reads the other.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?:[A-Z]\.)+(?:[A-Z]\b)?                  # initials: U.S., J.P
      | \d+(?:[.,]\d+)*(?![^\W\d_])               # figures
      | [^\W_]+(?:&[^\W_]+)*(?:\.com\b)?(?:['\u2019](?!s\b)[^\W_]+)?   # words: AT&T, 3D, Amazon.com, O'Reilly
      | ['\u2019]s\b
      | [^\s\w]|_
    """,
    re.VERBOSE,
)


_LONGEST_RUN = 8
_INNER = frozenset(("&", "of", "and", "-", "for", "de"))


class TokenSequence(NamedTuple):
    """The tokens of a sentence and where each begins and ends in the text."""

    words: list[str]
    starts: list[int]
    ends: list[int]


def name_tokens(text: str, begin: int = 0, end: int | None = None) -> TokenSequence:
    """Return the tokens of `text` between `begin` and `end`, with offsets in the whole text."""
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for token in _TOKEN.finditer(text, begin, len(text) if end is None else end):
        words.append(token[0])
        starts.append(token.start())
        ends.append(token.end())
    return TokenSequence(words, starts, ends)


def capital_runs(words: Sequence[str]) -> list[tuple[int, int]]:
    """Return for each token the run of capitalised words that it stands in: (first, last), or (i, i) outside one."""
    found = [(index, index) for index in range(len(words))]
    opens = [word[0].isupper() for word in words]
    index = 0
    while index < len(words):
        if not opens[index]:
            index += 1
            continue
        last = index
        while last - index < _LONGEST_RUN and last + 1 < len(words):
            if opens[last + 1]:
                last += 1
            elif words[last + 1] in _INNER and last + 2 < len(words) and opens[last + 2]:
                last += 2
            else:
                break
        for inside in range(index, last + 1):
            found[inside] = (index, last)
        index = last + 1
    return found
