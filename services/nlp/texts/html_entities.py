"""Decodes HTML entities left in a text ("AT&amp;T"), keeping the offset of every character."""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from common.contracts import Span, TextField
from common.contracts.text import without_control_characters

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text without entities; character i of it was written at [`starts[i]`, `ends[i]`) of the original."""

    original: str
    text: str
    starts: list[int]
    ends: list[int]

    def written(self, start: int, end: int) -> tuple[int, int, str]:
        """Return where the stretch [`start`, `end`), which is not empty, was written, and how."""
        first, last = self.starts[start], self.ends[end - 1]
        return first, last, self.original[first:last]


def has_entities(text: str) -> bool:
    """Say whether `text` may hold an entity."""
    return "&" in text and _ENTITY.search(text) is not None


def decode(text: str) -> Decoded:
    """Return `text` with its entities decoded once; what HTML does not know stays as it is."""
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def copy(begin: int, end: int) -> None:
        parts.append(text[begin:end])
        starts.extend(range(begin, end))
        ends.extend(range(begin + 1, end + 1))

    position = 0
    for entity in _ENTITY.finditer(text):
        copy(position, entity.start())
        position = entity.end()
        read = without_control_characters(html.unescape(entity[0]))
        if read == entity[0]:
            copy(entity.start(), position)
            continue
        parts.append(read)
        starts.extend([entity.start()] * len(read))
        ends.extend([position] * len(read))
    copy(position, len(text))
    return Decoded(text, "".join(parts), starts, ends)


def restore_places(spans: Iterable[Span], written: Mapping[TextField, str]) -> None:
    """Let `spans`, found in the decoded fields, point into the fields as they were `written`."""
    fields = {name: decode(text) for name, text in written.items()}
    for span in spans:
        span.start, span.end, span.text = fields[span.field].written(span.start, span.end)
