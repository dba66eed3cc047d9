"""Which names are also everyday words: those met in lower case in running text."""

from collections import Counter
from collections.abc import Iterable

from ahocorasick_rs import AhoCorasick

_MIN_USES = 2


def seen_in_lower_case(aliases: list[str], texts: Iterable[str], min_uses: int = _MIN_USES) -> set[str]:
    """Return the aliases (lower case) that stand so between word borders in `texts`, at least `min_uses` times."""
    automaton = AhoCorasick(aliases)
    uses: Counter[int] = Counter()
    for text in texts:
        for alias, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
            before = text[start - 1] if start else " "
            after = text[end] if end < len(text) else " "
            if not (before.isalnum() or before in "-./@_") and not (after.isalnum() or after in "-/@_"):
                uses[alias] += 1
    return {aliases[index] for index, count in uses.items() if count >= min_uses}
