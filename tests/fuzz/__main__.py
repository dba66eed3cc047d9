"""`python -m tests.fuzz`: hostile requests and feeds from one seed; exits with 1 when something failed."""

import argparse
import asyncio
import signal
import sys

from tests.fuzz.findings import Figures
from tests.fuzz.running import Fuzz, run_fuzz


def main() -> int:
    """Run the campaign that the arguments describe, and print what it found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--growth", type=float, default=150.0, help="MB by which memory may grow")
    given = parser.parse_args()
    figures = asyncio.run(_until_told_to_stop(Fuzz(given.seed, given.requests, given.feeds, given.growth)))
    sys.stdout.write(figures.as_text() + "\n")
    return 1 if figures.failures else 0


async def _until_told_to_stop(fuzz: Fuzz) -> Figures:
    running = asyncio.create_task(run_fuzz(fuzz))
    # Cancelled, everything that was started is stopped.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await running


if __name__ == "__main__":
    sys.exit(main())
