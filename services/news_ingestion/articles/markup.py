"""Removes HTML from text: elements, comments and hidden parts; text that only looks like markup stays.

A tokeniser reads the markup; no tree is built. The trees of HTML nest, re-open and close what is left open, and every
parser that builds them takes quadratic time on some text (docs/adr/0014). So each known tag, of either kind, is first
renamed to an element that can hold nothing: nothing nests, and the time is linear in the text's length.
"""

import re
import threading
from collections.abc import Mapping

from lxml import etree

# Only names of HTML elements: Reuters writes tickers as `<AMR>`, and those are text.
_INLINE = "a|abbr|b|cite|code|em|font|i|img|label|mark|s|small|span|strong|sub|sup|u"
_BLOCK = (
    "article|blockquote|body|br|center|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|iframe|"
    "input|li|link|main|meta|nav|noscript|ol|option|p|picture|pre|section|select|source|table|tbody|td|tfoot|th|thead|"
    "title|tr|ul|video"
)
_HIDDEN = "script|style"
# A tag ends at its ">", also after a quoted one; or the text is cut off within its attributes. Every repeat is
# possessive: what follows a "<" is read once, and no ">" is looked for behind the next "<" outside quotes.
_END = (
    r"(?:\s*+/?>|\s(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>|\s[^<>]*+>"
    r"|\s++[a-z-]++\s*+=[^<>]*+\Z)"
)
_TEXT = re.compile(rf"<(?:(?![!/a-z])|(?!!--|/?(?:{_INLINE}|{_BLOCK}|{_HIDDEN}){_END}))", re.IGNORECASE)
_BARE_INLINE_TAG = re.compile(rf"</?(?=[a-z])(?:{_INLINE})\s*+/?>", re.IGNORECASE)
_BARE_BLOCK_TAG = re.compile(rf"</?(?=[a-z])(?:{_BLOCK})\s*+/?>", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?=[a-z])(?:{_INLINE})(?=[\s/>])", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"</?(?=[a-z])(?:{_BLOCK})(?=[\s/>])", re.IGNORECASE)
# A million characters in one call hold the interpreter's lock for .4 s.
_PIECE_CHARACTERS = 50_000


class _Reading:
    """What the tokeniser has read: text, and a line's end for every block."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._is_hidden = False

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        if tag == "hr":
            self._parts.append("\n")
        elif tag in {"script", "style"}:
            self._parts.append(" ")
            self._is_hidden = True

    def end(self, _tag: str) -> None:
        """End an element; of those that are left only the hidden ones hold something."""
        self._is_hidden = False

    def data(self, text: str) -> None:
        """Take text."""
        if not self._is_hidden:
            self._parts.append(text)

    def comment(self, _text: str) -> None:
        """Take a comment, which stands where a line ends."""
        self._parts.append("\n")

    def close(self) -> str:
        """Return the text, and be ready for the next one."""
        text = "".join(self._parts)
        self._parts, self._is_hidden = [], False
        return text


class _Parser(threading.local):
    """The tokeniser of each thread: making one takes 115 µs, reading a headline 7."""

    def __init__(self) -> None:
        self.tokeniser = etree.HTMLParser(target=_Reading(), huge_tree=True)


_PARSER = _Parser()


def _replaced(tag: re.Pattern[str], by: str, text: str) -> str:
    """Return `text` with every `tag` replaced, in pieces that end before a "<": between them other threads work."""
    if len(text) <= _PIECE_CHARACTERS:
        return tag.sub(by, text)
    pieces, start = [], 0
    while start < len(text):
        following = text.find("<", start + _PIECE_CHARACTERS)
        end = following if following >= 0 else len(text)
        pieces.append(tag.sub(by, text[start:end]))
        start = end
    return "".join(pieces)


def _less_than(_found: re.Match[str]) -> str:
    return "&lt;"


def without_markup(text: str) -> str:
    r"""Return `text` without its HTML, blocks and comments as line ends; entities stay as they are.

    Parameters
    ----------
    text : str, without control characters other than white space and without lone surrogates

    Notes
    -----
    A comment, script or style that is not closed hides the rest, as in a browser. A "<" that begins no element of HTML
    is text: "profit <5%", "<AMR>".
    """
    # Most tags have no attributes: those need no tokeniser, which takes three times as long.
    text = _replaced(_BARE_INLINE_TAG, "", _replaced(_BARE_BLOCK_TAG, "\n", text))
    if "<" not in text:
        return text
    # A function, although it says always the same: between its calls other threads may go on.
    flat = _TEXT.sub(_less_than, text.replace("&", "&amp;"))
    if "<" not in flat:
        return text
    flat = _replaced(_BLOCK_TAG, "<hr", _replaced(_INLINE_TAG, "<img", flat))
    tokeniser = _PARSER.tokeniser
    tokeniser.feed(flat)
    return str(tokeniser.close())
