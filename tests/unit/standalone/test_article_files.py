"""Files of articles as people have them."""

import gzip
from pathlib import Path

import pytest

from standalone.replay.article_files import UnreadableFileError, read_articles


def test_a_csv_with_common_column_names_is_read(tmp_path: Path) -> None:
    file = tmp_path / "news.csv"
    file.write_text('headline,date,ticker,id\n"Ajax, up",2014-01-02T10:00:00Z,AJX,7\n', encoding="utf-8")

    (article,) = read_articles(file)

    assert article == {
        "title": "Ajax, up",
        "published_at": "2014-01-02T10:00:00Z",
        "url": "https://replay.invalid/news/7",
        "tickers": ["AJX"],
    }


def test_json_lines_keep_their_own_address_and_source(tmp_path: Path) -> None:
    file = tmp_path / "news.jsonl.gz"
    line = '{"title": "A", "url": "https://a.example/1", "published_at": "2014-01-02T10:00:00Z", "source": "Wire"}\n\n'
    file.write_bytes(gzip.compress(line.encode()))

    (article,) = read_articles(file)

    assert article["url"] == "https://a.example/1"
    assert article["source"] == {"name": "Wire"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "title,url\nA,https://a.example\n", "row 1: no published_at"),
        ("a.csv", "published_at\n2014-01-02\n", "row 1: no title"),
        ("a.jsonl", "{\n", "line 1"),
        ("a.jsonl", "[1]\n", "not a JSON object"),
        ("a.csv.gz", "not gzip", "a.csv.gz"),
    ],
)
def test_an_unreadable_file_says_where_and_why(tmp_path: Path, name: str, content: str, reason: str) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")

    with pytest.raises(UnreadableFileError, match=reason):
        list(read_articles(file))
