"""Word lists for the name tagger: words that begin companies' names, first names and surnames.

Sources: the SEC's list of companies, and the first names and surnames of the United States census (package `names`).
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import names
import numpy as np

from nlp.artefacts import Arrays, pack_words
from nlp.entities.tagging.features import LISTS
from nlp.entities.tagging.tokens import name_tokens
from nlp.training.entities.company_names import without_legal_form

_N_SURNAMES = 15_000


def learn_name_lists(data: Path) -> Arrays:
    """Return the arrays `listed` (words) and `lists` (for each word the bits of `LISTS`)."""
    members = {
        "first name": {*_census_words("first:male"), *_census_words("first:female")},
        "surname": common_surnames(),
        "company": _single(_companies(data)),
        "first of company": _first_words(_companies(data)),
    }
    masks: Counter[str] = Counter()
    for bit, name in enumerate(LISTS):
        for word in members[name]:
            masks[word] += 1 << bit
    words = sorted(masks)
    return {"listed": pack_words(words), "lists": np.array([masks[word] for word in words], dtype=np.uint8)}


def common_surnames() -> set[str]:
    """Return the most usual surnames of the census, in lower case."""
    return set(islice(_census_words("last"), _N_SURNAMES))


def _census_words(name: str) -> Iterator[str]:
    for line in Path(names.FILES[name]).read_text(encoding="utf-8").splitlines():
        yield line.split()[0].lower()


def _companies(data: Path) -> list[str]:
    with (data / "entities" / "sec_company_tickers.csv").open(encoding="utf-8", newline="") as lines:
        return [without_legal_form(row["name"]) for row in csv.DictReader(lines)]


def _words(name: str) -> list[str]:
    return [word.lower() for word in name_tokens(name).words if word[0].isalnum()]


def _single(found: Iterable[str]) -> set[str]:
    return {words[0] for name in found if len(words := _words(name)) == 1}


def _first_words(found: Iterable[str]) -> set[str]:
    return {words[0] for name in found if len(words := _words(name)) > 1}
