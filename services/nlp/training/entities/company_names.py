"""Aliases of a company from its registered name: legal forms dropped, then generic last words."""

import re

from nlp.words import word_list

_STATE_MARK = re.compile(r"(?<!\s)\s*+(?:[/\\]\s*+[A-Za-z .&]{0,30}\s*+[/\\]?\s*+|\([^()]*+\)\s*+)$")
_LEGAL = word_list("legal_forms")
# Words that describe a trade; a name keeps its meaning without them only if what is left is rare.
_GENERIC = word_list("generic_company_words")
_SPACE = re.compile(r"\s+")
# "a. o. smith" is written "a.o. smith" too.
_INITIALS = re.compile(r"(?<=\b[a-z])\. (?=[a-z]\.)")
_UPPER_KEPT = frozenset(
    ("AT&T", "3M", "IBM", "UDR", "CSX", "HCA", "KKR", "NRG", "PPL", "USA", "US", "II", "III", "IV", "REIT")
)


def without_registry_marks(name: str) -> str:
    """Return `name` without the registry's notes on state, share class or depositary receipts."""
    previous = ""
    while previous != name:
        previous, name = name, _STATE_MARK.sub("", name)
    return _SPACE.sub(" ", name).strip()


def _is_legal(word: str) -> bool:
    bare = word.lower().strip(",")
    return bare in _LEGAL or bare.rstrip(".") in _LEGAL or bare.replace(".", "") in _LEGAL


def without_legal_form(name: str) -> str:
    """Return `name` without leading "The" and trailing legal forms; a name of nothing else is kept as it is."""
    words = without_registry_marks(name).split(" ")
    if len(words) > 1 and words[0].lower() == "the":
        words = words[1:]
    while len(words) > 1 and (_is_legal(words[-1]) or words[-1] in {"&", "AND", "and"}):
        words = words[:-1]
    return " ".join(words).lstrip(" ,.;&-").rstrip(" ,;&-")


def short_form(bare: str) -> str | None:
    """Return the name without its generic last words, or None when there is nothing to drop."""
    words = bare.replace(",", "").split(" ")
    kept = list(words)
    while len(kept) > 1 and kept[-1].lower() in _GENERIC:
        kept.pop()
    if len(kept) == len(words) or kept[-1].lower() in {"&", "and", "of", "the", "de"}:
        return None
    return " ".join(kept)


def display_name(name: str) -> str:
    """Return the registered name as a person writes it: capitals only where a word begins, acronyms kept."""
    clean = without_registry_marks(name)
    if not clean.isupper():
        return clean
    return " ".join(word if _keeps_capitals(word) else word.capitalize() for word in clean.split(" "))


def _keeps_capitals(word: str) -> bool:
    letters = [letter for letter in word if letter.isalpha()]
    has_vowel = any(letter in "AEIOUY" for letter in letters)
    return word in _UPPER_KEPT or (not has_vowel and len(letters) < 5 and not _is_legal(word))


def spellings(alias: str) -> set[str]:
    """Return the lower-case spellings under which `alias` is met: with and without ".com", "&" or "and", full stops."""
    low = _SPACE.sub(" ", alias.lower().replace("\u2019", "'")).strip(" ,")
    found = {low, low.replace("\u2013", "-"), _INITIALS.sub(".", low)}
    if low.endswith(" com"):
        found |= {low[:-4], low[:-4] + ".com"}
    if low.endswith(".com"):
        found.add(low[:-4])
    for form in list(found):
        if " & " in form:
            found |= {form.replace(" & ", " and "), form.replace(" & ", "&")}
        elif " and " in form:
            found.add(form.replace(" and ", " & "))
        if "-" in form:
            found.add(form.replace("-", " "))
        if "." in form and not form.endswith(".com"):
            found.add(form.replace(".", ""))
    return {form for form in found if len(form) >= 2}
