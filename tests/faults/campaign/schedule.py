"""Which fault happens when, from one seed."""

import random
from dataclasses import dataclass
from typing import Literal

from common.gateway import SERVICES

FaultKind = Literal["kill", "restart", "pause", "reset", "stall", "full_disk", "clock"]

SERVICE_NAMES = tuple(service.name for service in SERVICES)
PROGRAMS = (*SERVICE_NAMES, "envoy", "postgres", "redis")
# Links are the connections to what they are named after.
LINKS = (*SERVICE_NAMES, "postgres", "redis")

# Faults a minute, by kind and what they strike.
_RATES: tuple[tuple[FaultKind, tuple[str, ...], float], ...] = (
    ("kill", SERVICE_NAMES, 20.0),
    ("kill", ("postgres",), 0.9),
    ("kill", ("redis",), 0.7),
    ("kill", ("envoy",), 0.9),
    ("restart", SERVICE_NAMES, 2.0),
    ("restart", ("postgres", "redis", "envoy"), 0.9),
    ("pause", PROGRAMS, 3.0),
    ("reset", LINKS, 6.0),
    ("stall", LINKS, 1.0),
    ("full_disk", ("postgres",), 0.5),
    ("clock", SERVICE_NAMES, 1.5),
)
_STOPPING = frozenset({"kill", "restart", "pause"})
_LENGTHS_SECONDS: dict[FaultKind, tuple[float, float]] = {
    "pause": (0.5, 6.0),
    "stall": (0.5, 5.0),
    "full_disk": (2.0, 8.0),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `seconds` is how long it lasts, for a clock by how much it is then wrong.

    Notes
    -----
    `waits` says that it strikes a service only once that is ready again: on a slow machine a service that is always
    killed while it starts never works, and nothing would be tried. One in five strikes whatever the service does.
    """

    at_seconds: float
    kind: FaultKind
    target: str
    seconds: float = 0.0
    waits: bool = True


def make_schedule(seed: int, seconds: float, *, max_jump_seconds: float = 120.0) -> list[Fault]:
    """Return the faults of `seconds`, in order; every kind happens at least once.

    Notes
    -----
    Nothing happens in the first tenth: what is to be hit must be under way.
    """
    rng = random.Random(f"faults {seed}")
    faults = []
    for kind, targets, a_minute in _RATES:
        for _ in range(max(1, round(a_minute * seconds / 60))):
            at = rng.uniform(0.1 * seconds, seconds)
            target, length = rng.choice(targets), _length(rng, kind, max_jump_seconds)
            faults.append(Fault(at, kind, target, length, waits=kind in _STOPPING and rng.random() < 0.8))
    return sorted(faults, key=lambda fault: fault.at_seconds)


def _length(rng: random.Random, kind: FaultKind, max_jump_seconds: float) -> float:
    if kind == "clock":
        return rng.choice((-1, 1)) * rng.uniform(0.05, 1.0) * max_jump_seconds
    return rng.uniform(*_LENGTHS_SECONDS[kind]) if kind in _LENGTHS_SECONDS else 0.0
