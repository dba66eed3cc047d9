"""The service's own lists of words, one file each in this folder."""

from pathlib import Path

FOLDER = Path(__file__).parent


def word_list(name: str) -> frozenset[str]:
    """Return the words of the list `name`, which white space separates."""
    return frozenset((FOLDER / f"{name}.txt").read_text(encoding="utf-8").split())


def phrase_list(name: str) -> frozenset[str]:
    """Return the phrases of the list `name`, one a line."""
    return frozenset((FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines())
