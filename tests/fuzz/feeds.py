"""A site whose every answer is a feed with something wrong: in its XML, charset, dates, size, headers or redirects."""

import gzip
import json
import random
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.emulators.faults import Answer, EmulatedServer, Request
from tests.emulators.feeds import ATOM, RSS
from tests.fuzz.hostile import hostile_text, nested

_XML = "application/rss+xml"
_DATES = (
    "Mon, 02 Mar 2026 12:00:00 GMT",
    "Tue, 99 Foo 9999 99:99:99 +9999",
    "Fri, 31 Dec 9999 23:59:60 -1200",
    "Mon, 01 Jan 0000 00:00:00 GMT",
    "0",
    "-1",
    "1e9",
    "2026-02-30",
    "\x00",
    "١٢ مارس",
    "9" * 400,
)
_HEADERS: dict[str, Sequence[str]] = {
    "Retry-After": (*_DATES, "120", "-5", "1" * 30),
    "Expires": (*_DATES, ""),
    "Cache-Control": ("max-age=" + "9" * 40, "max-age=-1", "max-age=x, no-cache", "=,=;;"),
    "ETag": ('"' + "a" * 9_000, "W/", "é", ""),
    "Last-Modified": _DATES,
    "Content-Type": (
        "text/xml; charset=undefined",
        "text/xml; charset=utf-7",
        "text/xml; charset=",
        "text/xml; charset=idna",
        "application/json",
        "text/html; charset=\x7f",
        ";",
    ),
    "Content-Encoding": ("gzip", "gzip, gzip", "deflate", "br", "zstd", "x"),
    "Location": (
        "http://xn--a/",
        "//",
        "http://[::1",
        "/feed/again",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:1/",
        "é" * 9,
    ),
}
_STATUSES = (200,) * 30 + (201, 204, 206, 301, 302, 307, 304, 400, 401, 404, 410, 418, 426, 429, 500, 503, 599, 999)
_ENCODINGS = ("undefined", "utf-16", "utf-7", "idna", "rot13", "ebcdic-cp-be", "x-user-defined", "big5", "koi8-r", "é")


def feed_texts(reference: Path) -> list[bytes]:
    """Return the feeds that others are made from: the hand-written ones, and real ones where the reference data lie."""
    found = [RSS, ATOM]
    if reference.is_dir():
        found += [file.read_bytes()[:20_000] for file in sorted(reference.glob("*/*")) if file.is_file()]
    return found


class HostileSite(EmulatedServer):
    """Answers every request of one reader with the next feed: it follows from seed, reader and number alone.

    Notes
    -----
    Readers are told apart by the last part of the path, those of the emulated NewsAPI by the query. `repeat` makes the
    site give a reader the same feed once more.
    """

    def __init__(self, seed: int, texts: Sequence[bytes]) -> None:
        super().__init__()
        self._seed = seed
        self._texts = texts
        self.n_answered: Counter[str] = Counter()

    def answer(self, request: Request) -> Answer:
        """Return the reader's next feed."""
        self.requests.clear()
        reader = request.query.get("q") or request.path.rsplit("/", 1)[-1]
        number = self.n_answered[reader]
        self.n_answered[reader] += 1
        return self.feed(reader, number)

    def feed(self, reader: str, number: int) -> Answer:
        """Return one feed, whatever was asked before."""
        rng = random.Random(f"feed {self._seed} {reader} {number}")
        return newsapi_answer(rng, number) if reader.startswith("robotics") else feed_answer(rng, number, self._texts)

    def repeat(self, reader: str, number: int) -> None:
        """Let the next feed of a reader be this one."""
        self.n_answered[reader] = number


def feed_answer(rng: random.Random, number: int, texts: Sequence[bytes]) -> Answer:
    """Return a feed with up to three things wrong; one in fifty is large."""
    body = rng.choice(texts) if rng.random() < 0.3 else _written(rng, number)
    for _ in range(rng.randrange(4)):
        body = _mutated(rng, body)
    return _served(rng, _large(rng, body) if rng.random() < 0.02 else body, _XML)


def _large(rng: random.Random, body: bytes) -> bytes:
    """Return a feed with much of the same: what costs more than its size shows here."""
    much = rng.choice((b"<b>", b"<script ", b"<style>", b"<!--", b"<![CDATA[", b"&lt;p&gt;", b" ", b"&#65;", b"<a b='"))
    times = rng.choice((10_000, 60_000, 200_000))
    changes: tuple[Callable[[], bytes], ...] = (
        lambda: body.replace(b"<title>", b"<title>" + much * times, 1),
        lambda: body.replace(b"<description>", b"<description>" + much * times, 1),
        lambda: b"<rss><channel>" + b"<item><title>The same again</title></item>" * 4_000,
        lambda: b"<rss>" + b"<channel>" * times,
        lambda: body + b" " * 6_000_000,
    )
    return rng.choice(changes)()


def newsapi_answer(rng: random.Random, number: int) -> Answer:
    """Return a page of NewsAPI with one value in it replaced."""
    article: dict[str, object] = {
        "source": {"id": None, "name": "Wire"},
        "author": None,
        "title": f"Acme Robotics opens plant number {number}",
        "description": None,
        "url": f"https://wire.example/newsapi/{number}",
        "urlToImage": None,
        "publishedAt": "2026-03-02T12:00:00Z",
        "content": None,
    }
    article[rng.choice(sorted(article))] = rng.choice((hostile_text(rng), 1, None, [], {}, nested(400, "[]")))
    page: dict[str, object] = {
        "status": "ok",
        "totalResults": rng.choice((1, -1, 10**30, "x", None)),
        "articles": [article],
    }
    if rng.random() < 0.2:
        page[rng.choice(sorted(page))] = rng.choice((None, 1, "x", [None], [[]], {}))
    body = json.dumps(page).encode()
    return _served(rng, body[: rng.randrange(len(body))] if rng.random() < 0.1 else body, "application/json")


def _served(rng: random.Random, body: bytes, content_type: str) -> Answer:
    headers = {"Content-Type": content_type}
    for _ in range(rng.choice((0, 0, 1, 2))):
        name = rng.choice(sorted(_HEADERS))
        headers[name] = rng.choice(_HEADERS[name])
    if headers.get("Content-Encoding", "").startswith("gzip") and rng.random() < 0.8:
        body = gzip.compress(body + b" " * (20_000_000 if rng.random() < 0.1 else 0), compresslevel=1)
        body = gzip.compress(body) if "," in headers["Content-Encoding"] else body
    if headers.get("Content-Encoding") == "deflate" and rng.random() < 0.5:
        body = zlib.compress(body)
    status = rng.choice(_STATUSES)
    # What HTTP itself forbids does not leave the server that we serve with.
    clean = {name: value.encode("utf-8").decode("latin-1").replace("\x00", "") for name, value in headers.items()}
    return Answer(status, b"" if status in {204, 304} else body, clean)


def _written(rng: random.Random, number: int) -> bytes:
    """Return a feed of our own with hostile texts in hostile places; the same few addresses come again and again."""
    entries = []
    for place in range(rng.choice((1, 1, 2, 3))):
        title, link = hostile_text(rng)[:2_000], f"https://wire.example/{rng.randrange(500)}/{place}"
        body = rng.choice(("", hostile_text(rng)[:20_000], "<p>" * rng.choice((5, 300)) + "x"))
        title, body = _maybe_escaped(rng, title), _maybe_escaped(rng, body)
        link = rng.choice((link, link, hostile_text(rng)[:300]))
        dated = f"<link>{link}</link><pubDate>{rng.choice(_DATES)}</pubDate>"
        entries.append(f"<item><title>{title}</title>{dated}<description>{body}</description></item>")
    encoding = rng.choice(("UTF-8", "UTF-8", rng.choice(_ENCODINGS)))
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>{number}</title>'
    return (text + "".join(entries) + "</channel></rss>").encode("utf-8", "surrogatepass")


def _maybe_escaped(rng: random.Random, text: str) -> str:
    if rng.random() < 0.3:
        return text
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _mutated(rng: random.Random, body: bytes) -> bytes:
    place = rng.randrange(len(body) + 1)
    changes: tuple[Callable[[], bytes], ...] = (
        lambda: body[:place],
        lambda: body[:place] + rng.randbytes(rng.choice((1, 20))) + body[place:],
        lambda: body[:place] + hostile_text(rng)[:20_000].encode("utf-8", "surrogatepass") + body[place:],
        lambda: body.replace(b"</", b"<", 1),
        lambda: body.replace(b"&", b"&nosuch;", 3),
        lambda: body.replace(b"UTF-8", rng.choice(_ENCODINGS).encode()),
        lambda: body.decode("utf-8", "replace").encode("utf-16"),
        lambda: b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY c "&b;&b;">]>' + body,
        lambda: body.replace(b"<title>", b"<title>" + b"<b>" * rng.choice((10, 500)), 1),
        lambda: body.replace(b"GMT", rng.choice(_DATES).encode(), 1),
        lambda: body.replace(b"<item>", b"<item>" * rng.choice((2, 50)), 1),
        lambda: b"\x00" + body,
        lambda: b"",
    )
    return rng.choice(changes)()
