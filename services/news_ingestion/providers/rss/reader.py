"""Parses feeds in separate processes, with bounded time and memory.

feedparser is the best reader of broken feeds and has patterns of quadratic time: an author of 200,000 letters takes it
minutes, within one call of the regular expression engine that no thread can be called back from.
"""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from common.offloading import off_loop
from news_ingestion.providers.provider_errors import ProviderError
from news_ingestion.providers.rss.document import FRAME, Document, Failure, headers_for
from news_ingestion.providers.rss.encoding import feed_text
from news_ingestion.providers.rss.feed import ParsedFeed, as_feed

_PROGRAM = Path(__file__).with_name("document.py")
_N_PROCESSES = 2
# On a busy machine processor time passes slower than time; a process that stands still is given up then.
_SECONDS_PER_PROCESSOR_SECOND = 20.0


class FeedReader:
    """Two processes at most, started when needed and kept; each reads one feed at a time."""

    def __init__(self, processor_seconds: float) -> None:
        self._processor_seconds = processor_seconds
        self._free = asyncio.Semaphore(_N_PROCESSES)
        self._idle: list[asyncio.subprocess.Process] = []

    async def read(self, content: bytes, *, url: str = "", content_type: str | None = None) -> ParsedFeed:
        """Return what can be read of a feed.

        Parameters
        ----------
        content : bytes, as received; the encoding is taken from the content type, the XML declaration or guessed.
        url : str, where it was fetched from: relative links are resolved against it.

        Raises
        ------
        ProviderError
            `too_large`: more than 5,000 entries, or more work than is allowed. `malformed`: the parser fails on it.
        """
        # Decoding a large feed takes tens of milliseconds, in which nobody else would be served.
        text = await off_loop(lambda: feed_text(content, content_type))
        async with self._free:
            answer = await self._answer(json.dumps(headers_for(url, content_type)).encode(), text)
        return await off_loop(lambda: _parsed(answer))

    async def _answer(self, head: bytes, text: bytes) -> bytes:
        process = await self._process()
        answer = None
        try:
            async with asyncio.timeout(self._processor_seconds * _SECONDS_PER_PROCESSOR_SECOND):
                answer = await _exchange(process, head, text)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            limit = f"{self._processor_seconds:g} s of processor time"
            raise ProviderError("too_large", "too_much_work", f"Reading the feed takes more than {limit}.") from error
        finally:
            if answer is not None:
                self._idle.append(process)
            else:
                await _end(process)
        return answer

    async def _process(self) -> asyncio.subprocess.Process:
        """Return an idle process, or a new one."""
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        command = [sys.executable, "-P", str(_PROGRAM), str(self._processor_seconds)]
        pipe = asyncio.subprocess.PIPE
        # A session of its own: Ctrl-C is for us. When we are killed, its input ends, and so does it.
        return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, start_new_session=True)

    async def aclose(self) -> None:
        """End the idle processes; no feed is being read any more."""
        while self._idle:
            await _end(self._idle.pop())


async def _exchange(process: asyncio.subprocess.Process, head: bytes, text: bytes) -> bytes:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process has no pipes")
    for content in (head, text):
        process.stdin.write(FRAME.pack(len(content)) + content)
    await process.stdin.drain()
    (size,) = FRAME.unpack(await process.stdout.readexactly(FRAME.size))
    return await process.stdout.readexactly(size)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _parsed(answer: bytes) -> ParsedFeed:
    document: Document | Failure = json.loads(answer)
    if "error" in document:
        name, _, detail = document["error"].partition(": ")
        raise ProviderError("malformed", name, detail)
    return as_feed(document)
