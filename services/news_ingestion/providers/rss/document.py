"""Parses feeds with feedparser, one after the other, in its own process: `python document.py`.

It imports nothing of this project, so that it starts quickly and stays small. A request is a frame with the headers in
JSON and one with the feed in UTF-8; the answer is a frame of JSON, a `Document` or a `Failure`. A frame is the length
of its content in four bytes, then the content. A feed that takes too much processor time ends the process.
"""

import calendar
import io
import json
import re
import resource
import signal
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from time import struct_time
from typing import BinaryIO, TypedDict, final

import feedparser

FRAME = struct.Struct("!I")
# 25 MB at rest; feeds of 5 MB need up to 100 MB, and leave 60. Beyond this there is a `MemoryError`.
_MAX_MEGABYTES = 256
_ROOT = re.compile(rb"<([A-Za-z_][\w:.-]{0,99})")


class Entry(TypedDict):
    """One entry of a feed as feedparser reads it; `published_at` is in seconds since 1970."""

    id: str | None
    title: str | None
    link: str | None
    body: str | None
    summary: str | None
    author: str | None
    source_title: str | None
    tickers: str | None
    published_at: int | None


@final
class Document(TypedDict):
    """What is read of a feed; `is_cut` says that its end is missing, `is_feed` that it is one at all."""

    title: str | None
    language: str | None
    ttl: str | None
    is_cut: bool
    is_feed: bool
    entries: list[Entry]


@final
class Failure(TypedDict):
    """What feedparser raised: the class of the error, a colon, its words."""

    error: str


def headers_for(url: str, content_type: str | None) -> dict[str, str]:
    """Return the headers to read a feed in UTF-8 with, which came from `url` as `content_type`."""
    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = f"{content_type.partition(';')[0]}; charset=utf-8"
    return headers


def read_document(text: bytes, headers: Mapping[str, str]) -> Document:
    """Return what feedparser reads of a feed in UTF-8.

    Parameters
    ----------
    headers : of the answer; relative links are resolved against `content-location`.

    Notes
    -----
    A parser of everything raises everything: whatever it is, it is the feed's.
    """
    parsed = feedparser.parse(io.BytesIO(text), response_headers=dict(headers), sanitize_html=False)
    feed, entries = parsed.get("feed", {}), parsed.get("entries", [])
    return Document(
        title=_text(feed, "title"),
        language=_text(feed, "language"),
        ttl=_text(feed, "ttl"),
        is_cut=bool(parsed.get("bozo")) and not _is_closed(text),
        is_feed=bool(parsed.get("version")) or bool(entries),
        entries=[_entry(entry) for entry in entries],
    )


def _is_closed(text: bytes) -> bool:
    """Return whether the first element has an end; of what the parser found wrong it only tells the first."""
    root = _ROOT.search(text)
    return root is None or b"</" + root[1] in text


def _entry(entry: Mapping[str, object]) -> Entry:
    source = entry.get("source")
    return Entry(
        id=_text(entry, "id"),
        title=_text(entry, "title"),
        link=_text(entry, "link"),
        body=_body(entry),
        summary=_text(entry, "summary"),
        author=_text(entry, "author"),
        source_title=_text(source, "title") if isinstance(source, Mapping) else None,
        tickers=_text(entry, "nasdaq_tickers"),
        published_at=_seconds(entry),
    )


def _text(entry: Mapping[str, object], name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _body(entry: Mapping[str, object]) -> str | None:
    contents = entry.get("content")
    if not isinstance(contents, list):
        return None
    return next((text for content in contents if (text := _text(content, "value"))), None)


def _seconds(entry: Mapping[str, object]) -> int | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        # Not `get`: for a missing `updated_parsed` it warns, and answers with the other.
        parsed = entry[name] if name in entry else None  # noqa: SIM401
        if isinstance(parsed, struct_time):
            with suppress(ValueError, OverflowError, TypeError):
                return calendar.timegm(parsed)
    return None


def serve(requests: BinaryIO, answers: BinaryIO, processor_seconds: float) -> None:
    """Answer requests until there are no more."""
    while (head := _frame(requests)) is not None and (text := _frame(requests)) is not None:
        # The signal's default ends the process, also within a regular expression.
        signal.setitimer(signal.ITIMER_PROF, processor_seconds)
        answer = _answered(text, json.loads(head))
        content = json.dumps(answer).encode()
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        answers.write(FRAME.pack(len(content)) + content)
        answers.flush()


def _answered(text: bytes, headers: Mapping[str, str]) -> Document | Failure:
    try:
        return read_document(text, headers)
    except Exception as error:  # noqa: BLE001 - as said in `read_document`; the caller records it
        return Failure(error=f"{type(error).__name__}: {error}"[:500])


def _frame(stream: BinaryIO) -> bytes | None:
    head = stream.read(FRAME.size)
    if len(head) < FRAME.size:
        return None
    (size,) = FRAME.unpack(head)
    content = stream.read(size)
    return content if len(content) == size else None


def main() -> None:
    """Serve standard input and output; the argument is the processor time that one feed may take, in seconds."""
    with suppress(ValueError, OSError):  # not every system has such a limit
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEGABYTES * 2**20, resource.RLIM_INFINITY))
    # The caller has gone when the pipe is broken.
    with suppress(BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer, float(sys.argv[1]))


if __name__ == "__main__":
    main()
