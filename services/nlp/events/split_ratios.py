"""The ratio of a split of shares: "10-for-1", "four-for-one", "1:10"."""

import re
from typing import NamedTuple

_COUNT_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10, "twenty": 20}
_COUNT = r"\d{1,4}|" + "|".join(_COUNT_WORDS)
_SPLIT = re.compile(rf"\b({_COUNT})[- ](?:for|to)[- ]({_COUNT})\b|\b(\d{{1,4}}):(\d{{1,4}})\b")


class SplitRatio(NamedTuple):
    """How many new shares there are for an old one, as [`start`, `end`) of the text says."""

    value: float
    start: int
    end: int


def find_split_ratio(folded: str) -> SplitRatio | None:
    """Return the first ratio in folded text (`nlp.entities.gazetteer.fold`), None when there is none."""
    match = _SPLIT.search(folded)
    if match is None:
        return None
    new, old = (float(_COUNT_WORDS.get(part, part)) for part in match.groups() if part is not None)
    return SplitRatio(round(new / old, 6), *match.span()) if old else None
