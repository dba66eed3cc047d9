"""Tokenises a text with one linear-time regular expression, in the form that the models expect."""

import re

# The same tokens of plain ASCII text, where letters need no table: half the time.
_ASCII_TOKEN = re.compile(
    r"[A-Za-z]+(?:'[A-Za-z]+)?|\d+(?:[.,]\d+)*|\$[A-Za-z]{1,6}(?![A-Za-z0-9])|[%!?$+:;,.&-]|\x00+"
)
LINK = re.compile(r"https?://\S{1,500}")
# Each alternative starts with a different character class, so the scan never backtracks over more than one token.
_TOKEN = re.compile(
    r"""\x00+                                    # links are one token, blanked beforehand
      | \$[A-Za-z]{1,6}(?![A-Za-z0-9])           # cashtags
      | [^\W\d_]+(?:['\u2019][^\W\d_]+)?              # words, with one apostrophe inside
      | \d+(?:[.,]\d+)*                          # numbers
      | [%!?$€£+:;,.&-]                          # the punctuation that carries meaning
    """,
    re.VERBOSE,
)
_MAX_KNOWN = 20_000
_MAX_LENGTH = 40


class _Forms(dict[str, str]):
    """The form of each raw token, kept once computed unless it is longer than a word."""

    def __missing__(self, raw: str) -> str:
        if len(raw) > _MAX_LENGTH:
            return _form(raw)
        if len(self) >= _MAX_KNOWN:
            self.clear()
        self[raw] = form = _form(raw)
        return form


def _form(raw: str) -> str:
    first = raw[0]
    if first.isdigit():
        return "0" if len(raw) < 3 or "." in raw else "00"
    if first == "$" and len(raw) > 1:
        return "<cashtag>"
    if first == "\x00":
        return "<link>"
    return raw[:_MAX_LENGTH].lower().replace("\u2019", "'")


_form_of = _Forms().__getitem__


def raw_tokens(text: str) -> list[str]:
    """Return the tokens of `text` in order and as they stand, a link as NULs; an empty text has none."""
    if "http" in text:
        text = blanked(text)
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)


def blanked(text: str) -> str:
    """Return `text` with every letter of its links made NUL: of the same length, so that offsets stay true."""
    return LINK.sub(lambda link: "\x00" * len(link[0]), text)


def forms(text: str) -> list[str]:
    """Return the forms of the tokens of `text`.

    Notes
    -----
    Forms are lower-cased and at most 40 characters long. Small and decimal numbers become `0`, larger integers `00`,
    cashtags `<cashtag>` and links `<link>`, so that the models learn from the shape of a figure, never from its value.
    """
    return list(map(_form_of, raw_tokens(text)))


def offsets(text: str, raw: list[str]) -> list[int]:
    """Return where each of the tokens found by `raw_tokens` starts."""
    if "http" in text:
        text = blanked(text)
    found = []
    position = 0
    for token in raw:
        position = text.index(token, position)
        found.append(position)
        position += len(token)
    return found
