"""The text of a failed attempt as it may be stored and logged: short, on one line, without secrets of the receiver."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, urlsplit

from common.contracts.json import JSONObject
from common.contracts.text import without_control_characters
from common.errors import describe
from common.secrets.masking import without_addresses

MAX_CHARACTERS = 300
_MAX_UNCUT_CHARACTERS = 4_096
_HIDDEN = "***"
# A part of a secret is hidden from this length on; shorter ones are in many words, as are the folders of addresses.
_MIN_PART_CHARACTERS = 4
_MIN_SEGMENT_CHARACTERS = 6
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def told_error(text: str, secrets: Iterable[str]) -> str:
    """Return `text` without `secrets`, however they were written into it, on one line and short.

    Notes
    -----
    A secret is also hidden as `repr`, JSON, a URL or base64 writes it, each part of it between blanks, the path and the
    query of an address, and its beginning where the text was cut.
    """
    forms = sorted({form for secret in secrets for form in _forms(secret) if form}, key=len, reverse=True)
    hidden = _without(without_addresses(text), forms)
    line = " ".join(without_control_characters(hidden).split())
    return _without(line, forms)[:MAX_CHARACTERS]


def told_exception(error: BaseException, secrets: Iterable[str]) -> str:
    """Return class and message of `error` as `told_error` does; it is cut only after the secrets are out of it."""
    return told_error(describe(error, _MAX_UNCUT_CHARACTERS), secrets)


def texts_in(secrets: JSONObject) -> Iterator[str]:
    """Return every text of opened secrets."""
    stack: list[object] = list(secrets.values())
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
        elif value is not None and not isinstance(value, bool):
            yield str(value)


def _without(text: str, forms: Iterable[str]) -> str:
    for form in forms:
        text = text.replace(form, _HIDDEN)
        text = _without_cut(text, form)
    return text


def _without_cut(text: str, form: str) -> str:
    """Hide a beginning of `form` at the end of `text`, which somebody has cut there."""
    beginning = form[:_MIN_PART_CHARACTERS]
    start = text.find(beginning, max(0, len(text) - len(form) + 1)) if len(form) > len(beginning) else -1
    while start >= 0:
        if form.startswith(text[start:]):
            return text[:start] + _HIDDEN
        start = text.find(beginning, start + 1)
    return text


def _forms(secret: str) -> Iterator[str]:
    for whole in (secret, secret.removeprefix("whsec_")):
        yield from _written(whole)
    parts = [*_BLANK_OR_CONTROL.split(secret), *_address_parts(secret)]
    for part in parts:
        if len(part) >= _MIN_PART_CHARACTERS:
            yield from _written(part)


def _written(secret: str) -> Iterator[str]:
    data = secret.encode("utf-8", "surrogatepass")
    yield secret
    yield repr(secret)[1:-1]
    yield ascii(secret)[1:-1]
    yield repr(data)[2:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(data)
    yield quote(data, safe="")
    yield quote_plus(data)
    yield base64.b64encode(data).decode().rstrip("=")
    yield base64.urlsafe_b64encode(data).decode().rstrip("=")


def _address_parts(secret: str) -> Iterator[str]:
    """Return what of an address is as good as a key: all but its host."""
    try:
        parts = urlsplit(secret)
    except ValueError:
        return
    if parts.scheme and parts.netloc:
        yield from (parts.netloc.rpartition("@")[0], f"{parts.path}?{parts.query}", parts.path, parts.query)
        segments = [parts.fragment, *parts.path.split("/"), *re.split("[&=]", parts.query)]
        yield from (segment for segment in segments if len(segment) >= _MIN_SEGMENT_CHARACTERS)
