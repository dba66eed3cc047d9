"""What a fuzz campaign is told."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fuzz:
    """How much is tried, and what is allowed.

    Parameters
    ----------
    memory_growth_mb : by how much the server may grow in each half, after the half's first fifth.
    max_seconds : how long an answer may take, and how long the event loop may stand.
    """

    seed: int
    n_requests: int = 10_000
    n_feeds: int = 10_000
    memory_growth_mb: float = 100.0
    max_seconds: float = 2.0


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
