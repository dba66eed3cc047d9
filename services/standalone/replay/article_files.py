"""Articles in files: CSV or JSON Lines, plain or gzipped, with the column names that such files usually have."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pydantic import JsonValue

from common.contracts.json import JSONObject

_NAMES = {
    "title": ("title", "headline"),
    "url": ("url", "link"),
    "published_at": ("published_at", "publishedAt", "date", "time"),
    "body": ("body", "content", "text"),
    "summary": ("summary", "description"),
    "author": ("author",),
    "language": ("language", "lang"),
}
_TICKER_NAMES = ("tickers", "ticker", "symbols", "symbol", "stock")
# Rows without an address get one under a name that is reserved and resolves nowhere (RFC 6761).
_NO_ADDRESS = "https://replay.invalid/"


class UnreadableFileError(Exception):
    """The file is no list of articles; the message says where and why."""


def read_articles(path: Path) -> Iterator[JSONObject]:
    """Yield each row of the file as the body that `POST /news/v1/articles` takes.

    Raises
    ------
    UnreadableFileError
        The file is not there, or is neither CSV with a title and a time nor JSON Lines.
    """
    try:
        with open_text(path, newline="") as stream:
            rows = _json_lines(stream, path) if ".jsonl" in path.suffixes else csv.DictReader(stream)
            for number, row in enumerate(rows, start=1):
                yield article_of(row, number, path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFileError(f"{path}: {error}") from error


def article_of(row: JSONObject, number: int, path: Path) -> JSONObject:
    """Return the article that a row describes; `UnreadableFileError` when it has no title or no time."""
    article: JSONObject = {field: value for field, names in _NAMES.items() if (value := _first(row, names))}
    for field in ("title", "published_at"):
        if field not in article:
            raise UnreadableFileError(f"{path}, row {number}: no {field}; columns are {', '.join(map(str, row))}")
    article.setdefault("url", f"{_NO_ADDRESS}{path.name.partition('.')[0]}/{row.get('id') or number}")
    source = row.get("source")
    if source:
        article["source"] = source if isinstance(source, dict) else {"name": source}
    tickers = _first(row, _TICKER_NAMES)
    if tickers:
        article["tickers"] = tickers if isinstance(tickers, list) else [*str(tickers).replace(",", " ").split()]
    return article


def _first(row: JSONObject, names: tuple[str, ...]) -> JsonValue:
    return next((row[name] for name in names if row.get(name)), None)


def open_text(path: Path, newline: str | None = None) -> IO[str]:
    """Return the text of a file, plain or gzipped, without a byte order mark; `newline` is that of `open`."""
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8-sig", newline=newline)
    return path.open(encoding="utf-8-sig", newline=newline)


def _json_lines(stream: IO[str], path: Path) -> Iterator[JSONObject]:
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UnreadableFileError(f"{path}, line {number}: {error}") from error
        if not isinstance(row, dict):
            raise UnreadableFileError(f"{path}, line {number}: not a JSON object")
        yield row
