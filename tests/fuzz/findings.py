"""What a fuzz campaign found: the failing requests made as small as they go, and the figures."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from tests.fuzz.wire import Answer, Case

Send = Callable[[Case], Awaitable[Answer]]

_SHOWN = 30


@dataclass(slots=True)
class Figures:
    """What was measured; a failure is told once for each kind, with what reproduces its first case."""

    seed: int
    n_requests: int = 0
    n_feeds: int = 0
    n_recorded: int = 0
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: {"requests": Counter(), "feeds": Counter()})
    failures: dict[str, str] = field(default_factory=dict)
    times_failed: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    longest_silence_seconds: float = 0.0
    memory_mb: dict[str, float] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def note(self, phase: str, answer: Answer, name: str) -> None:
        """Count an answer."""
        self.statuses[phase][answer.status] += 1
        so_far = self.slowest.setdefault(phase, [])
        self.slowest[phase] = sorted([*so_far, (round(answer.seconds, 3), name)], reverse=True)[:5]

    def fail(self, kind: str, text: str) -> None:
        """Count a failure, and keep the first of its kind."""
        self.times_failed[kind] += 1
        self.failures.setdefault(kind, text)

    def as_text(self) -> str:
        """Return the table."""
        lines = [
            f"seed {self.seed}: {self.n_requests} requests, {self.n_feeds} feeds, {self.n_recorded} in the ledger",
            *(f"{phase:<22}{dict(sorted(counts.items()))}" for phase, counts in self.statuses.items()),
            f"longest silence       {self.longest_silence_seconds:.2f} s (of /health, asked all the time)",
            f"memory in MB          {self.memory_mb}",
            f"dead letters          {self.dead_letters}",
            f"seconds               {self.seconds}",
        ]
        for phase, found in self.slowest.items():
            lines += [f"slowest {phase:<14}{seconds:.3f} s  {name}" for seconds, name in found]
        if not self.failures:
            return "\n".join([*lines, "no failure"])
        total = self.times_failed.total()
        lines.append(f"{total} FAILURES of {len(self.failures)} kinds (--seed {self.seed} repeats them)")
        lines += [f"  {self.times_failed[kind]} x {text}" for kind, text in list(self.failures.items())[:_SHOWN]]
        return "\n".join(lines)


async def complaint(send: Send, case: Case, answer: Answer, address: str, max_seconds: float) -> str | None:
    """Return what is wrong with an answer, with the smallest request that still shows it; None when all is well.

    Notes
    -----
    An answer is slow when it is slow three times: other programs of the machine may be in the way once.
    """
    if answer.status == 0 or answer.status >= 500:
        small = await smallest(send, case, lambda again: again.status == answer.status)
        return f"{answer.status or 'no answer'} {case.operation}: {answer.body[:200]!r}\n      {small.as_curl(address)}"
    if answer.seconds > max_seconds:
        again = [(await send(case)).seconds for _ in range(2)]
        if min(again) > max_seconds:
            seconds = ", ".join(f"{each:.1f}" for each in (answer.seconds, *again))
            return f"slow ({seconds} s) {case.operation}\n      {case.as_curl(address)}"
    return None


async def smallest(send: Send, case: Case, still_fails: Callable[[Answer], bool], max_tries: int = 40) -> Case:
    """Return `case` without the headers, the parameters and the parts of the body that the failure does not need."""
    tries = 0
    progress = True
    while progress and tries < max_tries:
        progress = False
        for simpler in _simpler(case):
            tries += 1
            if still_fails(await send(simpler)):
                case, progress = simpler, True
                break
            if tries >= max_tries:
                break
    return case


def _simpler(case: Case) -> list[Case]:
    found = [
        replace(case, headers=case.headers[:place] + case.headers[place + 1 :]) for place in range(len(case.headers))
    ]
    path, _, query = case.target.partition("?")
    pairs = query.split("&") if query else []
    for place in range(len(pairs)):
        rest = "&".join(pairs[:place] + pairs[place + 1 :])
        found.append(replace(case, target=f"{path}?{rest}" if rest else path))
    if len(case.body) > 1:
        found += [
            replace(case, body=b""),
            replace(case, body=b"{}"),
            replace(case, body=case.body[: len(case.body) // 2]),
        ]
    return [one for one in found if one != case]
