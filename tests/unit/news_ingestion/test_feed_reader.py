"""Feeds are read in processes of their own, whose time and memory are bounded."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing

import psutil
import pytest

from news_ingestion.providers.provider_errors import ProviderError
from news_ingestion.providers.rss.reader import FeedReader
from tests.emulators.feeds import ATOM, RSS
from tests.feeds import read_feed


@pytest.fixture
async def reader() -> AsyncIterator[FeedReader]:
    async with aclosing(FeedReader(processor_seconds=0.5)) as reader:
        yield reader


def processes() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if any("rss/document" in word for word in child.cmdline())]


def feed_of(item: bytes) -> bytes:
    return b'<rss version="2.0"><channel><title>t</title><item>' + item + b"</item></channel></rss>"


@pytest.mark.parametrize("content", [RSS, ATOM, b"", b"\xff\x00", feed_of(b"<title>M\xc3\xbcnchen</title>")])
async def test_feeds_are_read_as_in_this_process(reader, content):
    given = {"url": "https://a.example/feed", "content_type": "application/rss+xml"}

    assert await reader.read(content, **given) == read_feed(content, **given)


SLOW = {
    "author": feed_of(b"<author>" + b"a" * 100_000 + b"</author>"),
    "creator": feed_of(b"<dc:creator>" + b"a." * 60_000 + b"</dc:creator>"),
    "nested": feed_of(b"<title>" + b"<b>" * 60_000 + b"</title>"),
    "editor": RSS.replace(b"<title>", b"<managingEditor>" + b"-" * 100_000 + b"</managingEditor><title>", 1),
}


@pytest.mark.parametrize("content", SLOW.values(), ids=SLOW)
async def test_feed_that_takes_too_much_work_is_given_up(reader, content):
    with pytest.raises(ProviderError, match="too_much_work"):
        await reader.read(content)

    assert len((await reader.read(RSS)).items) == 3


async def test_others_are_read_while_one_takes_long():
    async with aclosing(FeedReader(processor_seconds=60.0)) as reader:
        slow = asyncio.create_task(reader.read(SLOW["author"]))
        await asyncio.sleep(0)

        read = [await reader.read(RSS) for _ in range(5)]

        assert not slow.done()
        assert {len(feed.items) for feed in read} == {3}
        slow.cancel()
        await asyncio.wait({slow})


async def test_processes_are_kept_and_end_with_the_reader(reader):
    feeds = await asyncio.gather(*(reader.read(RSS) for _ in range(20)))
    kept = processes()
    await reader.read(RSS)

    assert {len(feed.items) for feed in feeds} == {3}
    assert 1 <= len(kept) <= 2
    assert processes() == kept
    await reader.aclose()
    assert processes() == []


async def test_a_process_that_was_killed_is_replaced(reader):
    await reader.read(RSS)
    (process,) = processes()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=10)
    await asyncio.sleep(0.1)

    assert len((await reader.read(RSS)).items) == 3


async def test_reading_that_is_abandoned_leaves_no_process(reader):
    slow = asyncio.create_task(reader.read(SLOW["author"]))
    while not processes():
        await asyncio.sleep(0.01)
    slow.cancel()

    with pytest.raises(asyncio.CancelledError):
        await slow
    assert processes() == []
