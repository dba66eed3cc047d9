"""Searches for many cue words at once, at word boundaries, with one automaton."""

from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick


class CueIndex:
    """Finds cues in folded text; a cue that ends in `*` also matches longer words.

    Parameters
    ----------
    cues : lower-case words or phrases; the answers name them by their position
    """

    def __init__(self, cues: Sequence[str]) -> None:
        self._open = [cue.endswith("*") for cue in cues]
        self._automaton = AhoCorasick([cue.rstrip("*") for cue in cues])

    def find(self, folded: str) -> Iterator[int]:
        """Yield the position in the list of each cue met in `folded`, again at each place."""
        for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if start and folded[start - 1].isalnum():
                continue
            if not self._open[index] and end < len(folded) and folded[end].isalnum():
                continue
            yield index
