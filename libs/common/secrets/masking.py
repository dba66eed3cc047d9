"""Masks addresses for display: anyone who knows the full address of a webhook or private feed can use it."""

import re
from itertools import pairwise
from urllib.parse import urlsplit

_HIDDEN = "***"
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_READABLE = re.compile(r"[\w.~+@!-]*", re.ASCII)
_BETWEEN_RUNS = re.compile(r"[\W_]")
_NUMBERED = re.compile(r"([A-Za-z]{1,16})[0-9]{1,2}")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_HEX = re.compile(r"[0-9a-f]{8,}", re.IGNORECASE)
_TRIPLE = re.compile(r"(.)\1\1")
# What stands behind these is a key however it reads, also behind names that end in them: `api_key`, `userToken`.
_BEFORE_KEYS = frozenset(
    {
        "access", "apikey", "auth", "hash", "key", "keys", "pass", "password", "private", "secret", "sig", "signature",
        "token", "tokens",
    }
)  # fmt: skip
# Words that names end in without a border: `mytoken`.
_ENDINGS_BEFORE_KEYS = ("apikey", "authkey", "password", "secret", "secrets", "signature", "token", "tokens")
# What may stand behind such a word, beside numbers, and changes nothing.
_AFTER_WORDS_FOR_KEYS = frozenset({"id", "v"})
# Words of feed addresses that are none of any language.
_PATH_WORDS = frozenset(
    {
        "aspx", "atom", "cfm", "cnbc", "cnn", "combinedcms", "ftse", "htm", "html", "json", "jsp", "nasdaq", "nyse",
        "nyt", "opml", "outbound", "php", "podcast", "podcasts", "prnewswire", "rdf", "rss", "rssoutbound", "sec",
        "techcrunch", "txt", "usgaap", "wordpress", "wp", "wsj", "xhtml", "xml",
    }
)  # fmt: skip
# For each letter those that follow it in at least ten of 6,500 words of news and company names, which is in nine of ten
# of these words, and in one of forty runs of eight letters by chance, of sixteen letters in one of 10,000.
_FOLLOWING = {
    "a": "abcdefghijklmnprstuvwxyz", "b": "aeilorsuy", "c": "acehiklorstuy", "d": "adegilmnorsuvy",
    "e": "abcdefghijklmnopqrstuvwxyz", "f": "aefilortu", "g": "aeghilnorstuy", "h": "aeinorstuy",
    "i": "abcdefgijklmnoprstuvxz", "j": "aeiou", "k": "aeiklorstu", "l": "adegijklmnopstuvy", "m": "abeilmopsuy",
    "n": "abcdefghiklmnostuvyz", "o": "abcdefghiklmnoprstuvwxyz", "p": "aehiloprstu", "q": "u",
    "r": "abcdefgiklmnoprstuvwyz", "s": "abcehiklmnopstuwy", "t": "acehilmnorstuwy", "u": "abcdefgiklmnoprst",
    "v": "aeio", "w": "aehinors", "x": "eipt", "y": "abelmnoprst", "z": "aeio",
}  # fmt: skip
# Dates have eight; the longest numbers of public feeds nine.
_MAX_DIGITS = 9
_MAX_WORD_LETTERS, _MIN_MEAN_LETTERS, _MAX_ABBREVIATION, _MAX_ODDITY = 16, 3, 4, 1


def masked_webhook(url: str) -> str:
    """Return scheme, host and port of `url`; its path is the secret of most webhooks and stays hidden."""
    parts = urlsplit(url)
    return f"{_origin(url)}/{_HIDDEN}" if parts.path.strip("/") or parts.query or parts.fragment else _origin(url)


def masked_feed(url: str) -> str:
    """Return `url` with those parts hidden that may be a key: user, query, and what does not read as words in its path.

    Notes
    -----
    A key of words cannot be told from words, and a word that is spelt like none is hidden: what is in doubt is.

    >>> masked_feed("https://reader:pw@feeds.example/private/8f14e45fceea167a/rss.xml?key=x")
    'https://feeds.example/private/***/rss.xml?***'
    """
    parts = urlsplit(url)
    return _origin(url) + _masked_path(parts.path) + (f"?{_HIDDEN}" if parts.query else "")


def _masked_path(path: str) -> str:
    has_many_digits = sum(map(str.isdigit, path)) > _MAX_DIGITS
    shown, before = [], ""
    for segment in path.split("/"):
        is_one_of_many = has_many_digits and any(map(str.isdigit, segment))
        is_key = _announces_key(before) or is_one_of_many or not _is_readable(segment)
        shown.append(_HIDDEN if segment and is_key else segment)
        before = segment
    return "/".join(shown)


def _announces_key(segment: str) -> bool:
    """Return whether the last word of `segment` says that a key follows: `api_key`, `userToken2`, `key-id`."""
    words = [word.casefold() for word in _WORD.findall(segment.replace("_", " "))]
    last = next((word for word in reversed(words) if word not in _AFTER_WORDS_FOR_KEYS), "")
    return any(name in _BEFORE_KEYS or name.endswith(_ENDINGS_BEFORE_KEYS) for name in (last, segment.casefold()))


def without_addresses(text: str) -> str:
    """Return `text` with every address in it cut to its host, for messages of errors."""
    return _ADDRESS.sub(lambda found: _masked(found[0]), text)


def _masked(address: str) -> str:
    try:
        return masked_webhook(address)
    except ValueError:
        # Brackets that hold no IPv6 address.
        return _HIDDEN


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _is_readable(segment: str) -> bool:
    if segment == _HIDDEN:
        return True
    # Parameters of a segment (`;token=`) and coded characters are nothing that has to be shown.
    if not _READABLE.fullmatch(segment):
        return False
    runs = [run for run in _BETWEEN_RUNS.split(segment) if run]
    joined = "".join(runs)
    if not joined.isdigit() and _HEX.fullmatch(joined):
        return False
    return sum(map(_oddity, runs)) <= _MAX_ODDITY


def _oddity(run: str) -> int:
    """Return 0 for words and numbers, 1 for an abbreviation, and more for what may be a key."""
    if run.isdigit():
        return 0
    numbered = _NUMBERED.fullmatch(run)
    if numbered:
        return 0 if numbered[1].casefold() in _PATH_WORDS else max(1, _oddity(numbered[1]))
    words = _WORD.findall(run) if run.isalpha() else []
    # Letters by chance change case all the time: their runs are shorter than words.
    if not words or (len(words) > 1 and len(run) / len(words) < _MIN_MEAN_LETTERS):
        return _MAX_ODDITY + 1
    return sum(0 if _is_word(word) else 1 if len(word) <= _MAX_ABBREVIATION else _MAX_ODDITY + 1 for word in words)


def _is_word(word: str) -> bool:
    letters = word.casefold()
    if letters in _PATH_WORDS:
        return True
    if not 2 <= len(letters) <= _MAX_WORD_LETTERS or _TRIPLE.search(letters):
        return False
    return all(following in _FOLLOWING.get(letter, "") for letter, following in pairwise(letters))
