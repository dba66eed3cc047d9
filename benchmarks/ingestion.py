"""POST of 100 articles against a raw asyncpg `unnest` insert of 100 rows. Goal: at least 50 % of its rows per second.

The raw insert writes one row of the same columns into one table and does nothing else; the POST validates, cleans,
decides on duplicates and stories, and writes articles, stories, fingerprints and the outbox.
"""

import json
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import asyncpg
from measuring import RUNS, call, median, report, run, running_service, wall_seconds

BATCH = 100
BATCHES = 20
_WORDS = ("profit", "outlook", "merger", "dividend", "recall", "guidance", "lawsuit", "upgrade", "contract", "buyback")
_RAW_TABLE = """
CREATE TABLE raw_article (article_id uuid PRIMARY KEY, title text NOT NULL, url text NOT NULL UNIQUE,
    published_at timestamptz NOT NULL, received_at timestamptz NOT NULL)
"""
_RAW_INSERT = """
INSERT INTO raw_article SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
ON CONFLICT DO NOTHING
"""


def headline(number: int) -> str:
    """Return a headline unlike the others."""
    words = " ".join(_WORDS[number // 10**place % 10] for place in range(4))
    return f"Company {number} {words} of {number * 13} million in region {number * 7}"


def batch(run_number: int, index: int) -> list[tuple[str, str]]:
    """Return titles and addresses of one batch, new in every run."""
    first = (run_number * BATCHES + index) * BATCH
    return [(headline(number), f"https://bench.example/{number}") for number in range(first, first + BATCH)]


async def insert_raw(connection: asyncpg.Connection, run_number: int) -> None:
    """Insert the batches of one run as fast as asyncpg can."""
    for index in range(BATCHES):
        rows, now = batch(run_number, index), datetime.now(UTC)
        titles, urls = [title for title, _ in rows], [url for _, url in rows]
        await connection.execute(_RAW_INSERT, [uuid4() for _ in rows], titles, urls, [now] * BATCH, [now] * BATCH)


async def main() -> None:
    """Measure and report."""
    async with running_service("news_ingestion") as (app, url):
        connection = await asyncpg.connect(url)
        await connection.execute(_RAW_TABLE)

        async def post_all(run_number: int) -> None:
            for index in range(BATCHES):
                items = [
                    {"title": title, "url": address, "published_at": "2026-01-05T14:30:00Z"}
                    for title, address in batch(run_number, index)
                ]
                await call(app, "POST", "/news/v1/articles", body=json.dumps({"articles": items}).encode())

        raw, posted = [], []
        for number in range(RUNS + 1):
            raw.append(await wall_seconds(partial(insert_raw, connection, number)))
            posted.append(await wall_seconds(partial(post_all, number)))
        await connection.close()
    rows = BATCH * BATCHES
    ratio = median(raw[1:]) / median(posted[1:])
    report(
        "POST of 100 / raw unnest insert, rows a second",
        ratio,
        ">= 0.5",
        f"POST {rows / median(posted[1:]):,.0f} rows/s",
        f"raw {rows / median(raw[1:]):,.0f} rows/s",
    )


if __name__ == "__main__":
    run(main)
