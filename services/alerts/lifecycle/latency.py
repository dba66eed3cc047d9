"""How long an alert took, hop by hop."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from common.contracts import Lineage

HOPS = ("published", "received", "analysed", "scored", "notified")


@dataclass(frozen=True, slots=True)
class Hop:
    """The way between two stations; `milliseconds` is absent while either is not reached.

    Notes
    -----
    A hop may be negative: publishers' clocks and ours differ.
    """

    start: str
    end: str
    milliseconds: float | None


def hops(lineage: Lineage, notified_at: datetime | None) -> list[Hop]:
    """Return the hops from publication to notification."""
    moments: dict[str, datetime | None] = {
        "published": lineage.published_at,
        "received": lineage.received_at,
        "analysed": lineage.analysed_at,
        "scored": lineage.scored_at,
        "notified": notified_at,
    }
    return [Hop(start, end, milliseconds(moments[start], moments[end])) for start, end in pairwise(HOPS)]


def milliseconds(start: datetime | None, end: datetime | None) -> float | None:
    """Return the milliseconds from `start` to `end`, to the microsecond."""
    if start is None or end is None:
        return None
    return round((end - start).total_seconds() * 1_000, 3)
