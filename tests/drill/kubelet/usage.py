"""What containers use of processor and memory, read in one pass over all processes."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Usage:
    """Of a container and everything that it has started and that still runs."""

    seconds: float = 0.0
    resident_bytes: int = 0


def usage_of(firsts: Iterable[int]) -> dict[int, Usage]:
    """Return what each family of processes uses, by the number of its first process."""
    found = {first: Usage() for first in firsts}
    processes = {int(one.name): _read(one) for one in Path("/proc").iterdir() if one.name.isdigit()}
    for pid, (_, seconds, resident) in processes.items():
        ancestor: int | None = pid
        while ancestor is not None and ancestor not in found:
            ancestor = processes[ancestor][0] if ancestor in processes else None
        if ancestor is not None:
            found[ancestor].seconds += seconds
            found[ancestor].resident_bytes += resident
    return found


def _read(process: Path) -> tuple[int, float, int]:
    """Return parent, processor seconds and resident bytes; of one that has just ended, nothing."""
    try:
        # The name comes in brackets and may hold anything.
        fields = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0, 0.0, 0
    # Counted from the state, the third field of proc(5). Children that were waited for count with their parent.
    seconds = sum(int(fields[n]) for n in range(11, 15)) / _TICKS
    return int(fields[1]), seconds, int(fields[21]) * _PAGE_BYTES
