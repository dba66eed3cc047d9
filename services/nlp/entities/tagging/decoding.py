"""The likeliest labels of the tokens of a text: Viterbi's path (Viterbi 1967) with a beam."""

from collections.abc import Sequence
from math import inf
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from nlp.entities.tagging.labels import allowed_transitions

_SECOND = itemgetter(1)
FloatArray = npt.NDArray[np.float32]


class LabelDecoder:
    """Finds the best path through the labels.

    Parameters
    ----------
    transitions : of shape (7, 7), what each label adds after each other; those that no name allows are left out
    beam : labels this far below the best of a token are not followed
    """

    def __init__(self, transitions: FloatArray, beam: float) -> None:
        self._beam = beam
        self._moves: list[list[float]] = np.where(allowed_transitions(), transitions, -inf).tolist()

    def decode(self, wanted: Sequence[int], emissions: FloatArray) -> dict[int, int]:
        """Return the label of each wanted token on the likeliest path; the tokens between are outside of names.

        Parameters
        ----------
        wanted : tokens, in order
        emissions : of shape (n_wanted, 7), the score of each label for each of them

        Notes
        -----
        Only labels within the beam of a token's best are followed, and tokens that leave nothing but "outside" cost no
        step at all.
        """
        found: dict[int, int] = {}
        moves = self._moves
        beam = self._beam
        alive = [(0, 0.0)]
        steps: list[tuple[int, dict[int, int]]] = []
        previous = -1
        undecided = np.flatnonzero(emissions[:, 1:].max(axis=1) > emissions[:, 0] - beam).tolist()
        for position, scores in zip(undecided, emissions[undecided].tolist(), strict=True):
            index = wanted[position]
            if steps and index != previous + 1:
                self._trace(found, alive, steps)
                alive, steps = [(0, 0.0)], []
            previous = index
            floor = max(scores) - beam
            kept = [(label, score) for label, score in enumerate(scores) if score > floor or not label]
            reached: list[tuple[int, float]] = []
            back: dict[int, int] = {}
            for label, score in kept:
                best, origin = -inf, -1
                for before, total in alive:
                    if (move := moves[before][label] + total) > best:
                        best, origin = move, before
                if origin >= 0:
                    reached.append((label, best + score))
                    back[label] = origin
            limit = max(reached, key=_SECOND)[1] - beam
            alive = [one for one in reached if one[1] > limit]
            steps.append((index, back))
        if steps:
            self._trace(found, alive, steps)
        return found

    def _trace(
        self, found: dict[int, int], alive: list[tuple[int, float]], steps: list[tuple[int, dict[int, int]]]
    ) -> None:
        """Add the labels of a stretch that begins and ends outside of names."""
        label = max(alive, key=lambda one: one[1] + self._moves[one[0]][0])[0]
        for index, back in reversed(steps):
            if label:
                found[index] = label
            label = back[label]
