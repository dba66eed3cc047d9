"""`python -m tests.fuzz`: hostile requests and feeds from one seed; exits with 1 when something failed."""

import argparse
import asyncio
import signal
import sys

from tests.fuzz.feeds import HostileSite, feed_texts
from tests.fuzz.findings import Figures
from tests.fuzz.fuzz import Fuzz
from tests.fuzz.running import REFERENCE, run_fuzz


def main() -> int:
    """Run the campaign that the arguments describe, and print what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--growth", type=float, default=100.0, help="MB by which memory may grow")
    parser.add_argument("--feed", metavar="READER:NUMBER", help="only write one feed, as a failure names it")
    given = parser.parse_args()
    if given.feed is not None:
        return _write_feed(given.seed, given.feed)
    figures = asyncio.run(_until_told_to_stop(Fuzz(given.seed, given.requests, given.feeds, given.growth)))
    sys.stdout.write(figures.as_text() + "\n")
    return 1 if figures.failures else 0


def _write_feed(seed: int, name: str) -> int:
    """Write status, headers and body of one feed as the site would serve it."""
    reader, number = name.split(":")
    answer = HostileSite(seed, feed_texts(REFERENCE)).feed(reader, int(number))
    head = [str(answer.status), *(f"{header}: {value}" for header, value in answer.headers.items()), "", ""]
    sys.stdout.buffer.write("\n".join(head).encode("latin-1") + answer.body)
    return 0


async def _until_told_to_stop(fuzz: Fuzz) -> Figures:
    running = asyncio.create_task(run_fuzz(fuzz))
    # Cancelled, everything that was started is stopped.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await running


if __name__ == "__main__":
    sys.exit(main())
