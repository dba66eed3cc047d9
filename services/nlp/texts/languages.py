"""Language of a text from its script, its function words and its letters: 27 languages, English by default.

The idea: headlines are short, so a missing proof is common; what is not clearly another language is English.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from nlp.words import FOLDER, word_list

_WORDS = {
    code: words
    for code, _, words in (
        line.partition(": ") for line in (FOLDER / "languages.txt").read_text(encoding="utf-8").splitlines()
    )
}
_SUFFIXES = {
    "de": ("ungen", "ung", "keit", "schaft", "lich"),
    "es": ("ción", "ciones", "miento"),
    "fr": ("eaux", "euse", "ique"),
    "it": ("zione", "zioni"),
    "nl": ("heid", "lijk", "ijk"),
    "fi": ("ssa", "ssä", "sta", "stä", "lla", "llä", "iin"),
    "hu": ("ban", "ben", "nak", "nek"),
    "id": ("kan", "nya"),
    "no": ("het", "else"),
    "pl": ("ości", "owych", "ych"),
    "pt": ("ção", "ções"),
    "sv": ("arna", "erna"),
}
# How words in lower case are built where there are few letters to tell by: doubled vowels, and a common ending.
_BUILDS = (
    ("fi", re.compile(r"^(?=[a-z\u00e4\u00f6]++$)[a-z\u00e4\u00f6]{2,}?(?:aa|ii|uu|yy)")),
    ("id", re.compile(r"^(?:me|pe|di|ber|ter)[a-z]{3,}kan$|^(?:meng|meny|menamb|penga|penye)[a-z]{2,}$")),
)
_BUILT = re.compile(r"aa|ii|uu|yy|kan\b|\b(?:meng|meny|menamb|penga|penye)")
# Typographic quotes read in the wrong encoding: no letter in them is one.
_BROKEN_QUOTE = re.compile("\u00e2\u20ac.?")
# What holds names together and is found in English headlines with them.
_PARTICLES = word_list("name_particles")
# Letters that English borrows at most now and then; one is a hint, never a proof.
_LETTERS = {
    "ß": "de", "ä": "de sv fi", "ü": "de tr hu", "ö": "de sv fi tr hu", "ñ": "es", "¿": "es", "¡": "es",
    "ç": "fr pt tr", "œ": "fr",
    "è": "fr it", "ê": "fr pt vi", "à": "fr it pt vi", "ù": "it fr", "ò": "it", "ì": "it", "ã": "pt vi", "õ": "pt vi",
    "å": "sv no da", "ø": "no da", "æ": "no da", "ĳ": "nl", "ą": "pl", "ę": "pl", "ł": "pl", "ń": "pl", "ś": "pl",
    "ź": "pl", "ż": "pl", "ć": "pl", "ě": "cs", "ř": "cs", "ů": "cs", "č": "cs", "š": "cs", "ž": "cs", "ý": "cs",
    "ő": "hu", "ű": "hu", "á": "hu cs es pt", "í": "hu cs es pt", "ó": "hu pl es pt", "ú": "hu cs es pt",
    "ă": "ro vi", "ț": "ro", "ţ": "ro", "ș": "ro", "ş": "tr ro", "ğ": "tr",
    "\u0131": "tr", "â": "ro fr pt vi", "î": "ro fr", "ơ": "vi", "ư": "vi", "đ": "vi",
}  # fmt: skip
# Vietnamese writes its tones onto its vowels; no other of these languages uses the block.
_LETTERS |= dict.fromkeys(map(chr, range(0x1EA0, 0x1EFA)), "vi")
# Norwegian, Danish and Swedish share most function words: a shared one still proves that it is one of them.
_NORTHERN = frozenset(("no", "da", "sv"))
_PROFILE: dict[str, tuple[str, ...]] = {}
for _language, _list in _WORDS.items():
    # One-letter words are left out: model names and initials ("E 61", "I") would vote with them.
    for _word in {word for word in _list.split() if len(word) > 1}:
        _PROFILE[_word] = (*_PROFILE.get(_word, ()), _language)

# What other languages write too ("in", "die", "war") proves no English.
_ENGLISH_WORDS = frozenset(word for word, known in _PROFILE.items() if known == ("en",))
_FOREIGN_WORDS = frozenset(word for word, known in _PROFILE.items() if "en" not in known)

_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN_LETTER = re.compile("[" + "".join(_LETTERS) + "]")
_SCRIPTS = (
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_URDU = re.compile(r"[\u0679\u0688\u0691\u06ba\u06be\u06c1\u06d2]")
_NOT_LATIN = re.compile(r"[\u0370-\u1dff\u3040-\ud7af\ufb50-\ufdff\ufe70-\ufefc]")
_ANALYSED_CHARACTERS = 400
# Letters of names alone never make a text foreign.
_MAX_NAME_VOTES = 1.2
ENGLISH = "en"


class DetectedLanguage(NamedTuple):
    """An ISO 639 code and how sure it is: `confidence` in [0, 1], 0 when English is only the default."""

    code: str
    confidence: float


def _other_script(text: str) -> DetectedLanguage | None:
    letters = sum(map(len, _WORD.findall(text)))
    counts = {code: len(pattern.findall(text)) for code, pattern in _SCRIPTS}
    code, count = max(counts.items(), key=lambda item: item[1])
    if counts["ja"] and counts["zh"]:
        code, count = "ja", counts["ja"] + counts["zh"]
    # Marks of a script without one of its letters are no text in it.
    if not letters or count < 2 or count * 3 < letters:
        return None
    if code == "ar" and _URDU.search(text):
        code = "ur"
    return DetectedLanguage(code, min(1.0, count / letters))


def _votes(words: list[str], raw: list[str]) -> dict[str, float]:
    """Return how much speaks for each language: `words` are `raw` in lower case."""
    votes = dict.fromkeys(_WORDS, 0.0)
    for word in words:
        known = _PROFILE.get(word)
        if known is not None:
            # A word shared by several languages says less; English owns its words although others share a few.
            share = 1.0 if len(known) == 1 else 0.9 if _NORTHERN.issuperset(known) else 0.5
            if word in _PARTICLES:
                share /= 2
            for code in known:
                votes[code] += share
    for code, hint in _letter_hints(raw):
        votes[code] += hint
    return votes


def _letter_hints(raw: list[str]) -> Iterator[tuple[str, float]]:
    """Yield what the letters and the build of words say for a language."""
    in_names: dict[str, float] = {}
    for word in raw:
        codes = {code for letter in _FOREIGN_LETTER.findall(word.lower()) for code in _LETTERS[letter].split()}
        # Names carry such letters into English headlines; words in lower case hardly ever do.
        if word.islower():
            yield from ((code, 0.8) for code in codes)
            yield from ((code, 0.8) for code, pattern in _BUILDS if pattern.search(word))
        else:
            for code in codes:
                in_names[code] = min(_MAX_NAME_VOTES, in_names.get(code, 0.0) + 0.4)
    yield from in_names.items()


def _suffix_votes(words: list[str], votes: dict[str, float]) -> None:
    for word in words:
        if len(word) > 6:
            for code, endings in _SUFFIXES.items():
                if word.endswith(endings):
                    votes[code] += 0.5


def _foreign_words(raw: list[str]) -> int:
    """Return how many words in lower case are foreign and not what holds a name together: "de", "van", "di"."""
    return sum(word in _FOREIGN_WORDS and word not in _PARTICLES for word in set(raw))


def _needed_votes(english: float, foreign: float, raw: list[str]) -> float:
    """Return how many votes prove another language: fewer where hardly a word is English and some are foreign."""
    if english > 0.5:
        return 2.0
    plain = _foreign_words(raw)
    if plain >= 2 or (plain == 1 and foreign >= 1.4):
        return 1.0
    is_spelled_otherwise = any(word.islower() and _FOREIGN_LETTER.search(word) for word in raw)
    return 1.6 if is_spelled_otherwise and not english else 2.0


def detect_language(text: str, declared: str | None = None) -> DetectedLanguage:
    """Return the language of the first 400 characters of `text`.

    Parameters
    ----------
    declared : str or None
        What the publisher said; it decides where the text itself gives no proof.
    """
    head = text[:_ANALYSED_CHARACTERS]
    if "\u00e2\u20ac" in head:
        head = _BROKEN_QUOTE.sub(" ", head)
    if not head.isascii() and _NOT_LATIN.search(head):
        other = _other_script(head)
        if other is not None:
            return other
    low = head.lower()
    words = _WORD.findall(low)
    if head.isascii() and len(_FOREIGN_WORDS.intersection(words)) < 2 and not _BUILT.search(low):
        english_hits = len(_ENGLISH_WORDS.intersection(words))
        return _default(english_hits, declared)
    raw = _WORD.findall(head)
    votes = _votes(words, raw)
    english = votes.pop(ENGLISH)
    code = max(votes, key=votes.__getitem__)
    if votes[code] >= 1.0 and english <= 1.0:
        _suffix_votes(words, votes)
        code = max(votes, key=votes.__getitem__)
    foreign = votes[code]
    needed = _needed_votes(english, foreign, raw)
    is_foreign = foreign >= needed and foreign > 1.5 * english and foreign >= 0.12 * len(words)
    if is_foreign:
        return DetectedLanguage(code, min(1.0, foreign / (foreign + english) * min(1.0, foreign / 4)))
    return _default(english if english > foreign else 0.0, declared)


def _default(english: float, declared: str | None) -> DetectedLanguage:
    """Return English when the text has words of it, else what the publisher said, else English unproved."""
    if english or declared is None:
        return DetectedLanguage(ENGLISH, min(1.0, english / 4))
    return DetectedLanguage(declared, 0.0)
