"""Addresses as they may be shown: whoever knows a webhook's or a private feed's whole address can use it."""

import re
from urllib.parse import urlsplit

_HIDDEN = "***"
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_PART = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MAX_NUMBER_DIGITS, _MAX_PART_CHARACTERS, _MIN_WORD_CHARACTERS = 8, 20, 3


def masked_webhook(url: str) -> str:
    """Return scheme, host and port of `url`; its path is the secret of most webhooks and stays hidden."""
    parts = urlsplit(url)
    return f"{_origin(url)}/{_HIDDEN}" if parts.path.strip("/") or parts.query or parts.fragment else _origin(url)


def masked_feed(url: str) -> str:
    """Return `url` with those parts hidden that may be a key: user, query, and what is no word or number in its path.

    >>> masked_feed("https://reader:pw@feeds.example/private/8f14e45fceea167a/rss.xml?key=x")
    'https://feeds.example/private/***/rss.xml?***'
    """
    parts = urlsplit(url)
    path = "/".join(segment if _is_readable(segment) else _HIDDEN for segment in parts.path.split("/"))
    return _origin(url) + path + (f"?{_HIDDEN}" if parts.query else "")


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
    return segment == _HIDDEN or (
        segment.isascii() and all(_is_word_or_number(part) for part in _PART.findall(segment.replace("%", " ")))
    )


def _is_word_or_number(part: str) -> bool:
    if part.isdigit():
        return len(part) <= _MAX_NUMBER_DIGITS
    if not part.isalpha() or len(part) > _MAX_PART_CHARACTERS:
        return False
    # Letters by chance change case all the time: their runs are shorter than words.
    words = _WORD.findall(part)
    return len(words) <= 1 or sum(map(len, words)) / len(words) >= _MIN_WORD_CHARACTERS
