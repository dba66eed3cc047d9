"""Decodes a feed to UTF-8 for the parser, without content that makes parsers fail or use excessive memory.

The encoding that a feed names is a stranger's choice among Python's codecs: `undefined` raises what no parser expects,
`punycode` and `idna` take quadratic time, `zlib` is no text. The prologue before the first element is written anew: it
is where entities are declared that multiply, and where `feedparser` searches with patterns of quadratic time.
"""

import codecs
import re
from collections.abc import Iterator

import chardet

from common.contracts.text import without_control_characters
from news_ingestion.providers.provider_errors import ProviderError

_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    # "<?" without a mark, as XML's appendix F tells these apart.
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_NO_ENCODINGS = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf_7", "mbcs", "oem"}
)
_NAMED_IN_XML = re.compile(rb"""^\s{0,100}<\?xml[^>]{0,200}?encoding\s{0,5}=\s{0,5}["']([\w.:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s{0,5}=\s{0,5}["']?([\w.:-]{1,40})""", re.IGNORECASE)
_GUESSED_BYTES = 65_536
_ELEMENT = re.compile(r"<\w")
_CHARACTER = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,20})|([0-9]{1,20}));?")
_ENTITY = re.compile(r"""\s{1,9}(\w{1,40})\s{1,9}("[^"&]{0,16}"|"&#\w{1,8};")\s{0,9}""")
_MAX_ENTITIES = 100
# Reading takes .3 ms an entry; podcasts, the longest of feeds, have some 3,000.
_MAX_ENTRIES = 5_000


def feed_text(content: bytes, content_type: str | None) -> bytes:
    """Return the feed in UTF-8 with a declaration that says so.

    Notes
    -----
    The byte order mark wins, then the header, the XML declaration, UTF-8, and what the bytes look like. Characters that
    XML cannot hold, and references to them, become spaces. Of declared entities those of at most 16 characters stay.

    Raises
    ------
    ProviderError
        `too_large`: more than 5,000 entries.
    """
    text = without_control_characters(_decoded(content, content_type))
    text = _CHARACTER.sub(_readable, text)
    first = _ELEMENT.search(text)
    start = first.start() if first else 0
    n_entries = text.count("<item") + text.count("<entry")
    if n_entries > _MAX_ENTRIES:
        detail = f"The feed has {n_entries} entries; at most {_MAX_ENTRIES} are read."
        raise ProviderError("too_large", "too_many_entries", detail)
    return (_DECLARATION + _prologue(text[:start]) + text[start:]).encode("utf-8", "replace")


def _decoded(content: bytes, content_type: str | None) -> str:
    for name in _candidates(content, content_type):
        if not _is_encoding(name):
            continue
        try:
            return content.decode(name).removeprefix("\ufeff")
        except (UnicodeError, LookupError):  # LookupError: it turns bytes into bytes
            continue
    return content.decode("cp1252", "replace")


def _candidates(content: bytes, content_type: str | None) -> Iterator[str]:
    yield from (name for mark, name in _BOMS if content.startswith(mark))
    named = _CHARSET.search((content_type or "")[:500])
    if named:
        yield named[1]
    declared = _NAMED_IN_XML.match(content)
    if declared:
        yield declared[1].decode("ascii", "replace")
    yield "utf-8"
    yield chardet.detect(content[:_GUESSED_BYTES])["encoding"] or "cp1252"


def _is_encoding(name: str) -> bool:
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    return codec.name.replace("-", "_") not in _NO_ENCODINGS


def _readable(reference: re.Match[str]) -> str:
    """Return a reference to a character as it is, or a space for one that is no character of XML."""
    hexadecimal, decimal = reference.groups()
    digits = (hexadecimal or decimal).lstrip("0")
    code = int(digits or "0", 16 if hexadecimal else 10) if len(digits) <= 8 else -1
    is_character = code in {9, 10, 13} or 0x20 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF
    return reference[0] if is_character else " "


def _prologue(text: str) -> str:
    """Return a document type with the few small entities that `text` declares; netscape's is how RSS 0.91 is known."""
    kept: list[str] = []
    at = text.find("<!ENTITY")
    while at >= 0 and len(kept) < _MAX_ENTITIES:
        end = text.find(">", at)
        if end < 0:
            break
        entity = _ENTITY.fullmatch(text[at + 8 : end]) if end - at < 100 else None
        if entity:
            kept.append(f"<!ENTITY {entity[1]} {entity[2]}>")
        at = text.find("<!ENTITY", end)
    if kept:
        return "<!DOCTYPE feed [\n" + "\n".join(kept) + "\n]>\n"
    is_netscape = "<!doctype" in (lowered := text[:5_000].lower()) and "netscape" in lowered
    return '<!DOCTYPE rss SYSTEM "http://my.netscape.com/publish/formats/rss-0.91.dtd">\n' if is_netscape else ""
