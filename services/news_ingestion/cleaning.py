"""Plain text from what providers send: entities, tags, odd white space and typographic quotes."""

import html
import re
import unicodedata

# Only names of HTML elements: Reuters writes tickers as `<AMR>`, and those are text.
_INLINE_TAGS = "a|abbr|b|cite|code|em|font|i|img|label|mark|s|small|span|strong|sub|sup|u"
_BLOCK_TAGS = (
    "article|blockquote|body|br|center|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|iframe|"
    "input|li|link|main|meta|nav|noscript|ol|option|p|picture|pre|section|select|source|table|tbody|td|tfoot|th|thead|"
    "title|tr|ul|video"
)
_INLINE = re.compile(rf"</?(?:{_INLINE_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BLOCK = re.compile(rf"</?(?:{_BLOCK_TAGS})(?:\s[^<>]*)?/?>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TYPOGRAPHIC = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2212", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", None),
        **dict.fromkeys("\u2028\u2029\u0085", "\n"),
    }
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_PROVIDER_CUT = re.compile(r"\s*\[\+\d+ chars\]\s*$")


def _plain(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
        if "&" in text and ";" in text:  # feeds often escape twice: `&amp;#39;`
            text = html.unescape(text)
    if "<" in text:
        text = _HIDDEN.sub(" ", text)
        text = _INLINE.sub("", _BLOCK.sub("\n", text))
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_TYPOGRAPHIC)
    return _CONTROLS.sub(" ", text)


def clean_line(text: str) -> str:
    """Return `text` as one line of plain text; empty when nothing readable is left.

    Notes
    -----
    Entities are decoded (also when escaped twice), HTML elements removed, typographic quotes and hyphens replaced by
    their ASCII form, invisible characters dropped, and white space collapsed. Cleaning a clean line changes nothing.
    """
    return " ".join(_plain(text).split())


def clean_paragraphs(text: str) -> str:
    """Return `text` as plain paragraphs, one per line, without the provider's "[+2219 chars]" mark."""
    lines = (" ".join(line.split()) for line in _plain(text).splitlines())
    return _PROVIDER_CUT.sub("", "\n".join(line for line in lines if line))
