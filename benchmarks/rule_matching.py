"""The rule index against a loop over all 100,000 rules, on the same impacts, with identical matches.

The rules are what a desk with many clients has: most name a handful of tickers, some follow a topic or an event type
across the market, some are nested. Prints the ratio of the medians of five runs; goal: 500.
"""

import os
import random
import statistics
import time
from collections.abc import Callable

from alerts.matching.conditions import Condition, holds
from alerts.matching.impact_facts import Facts
from alerts.matching.rule_index import RuleIndex

N_RULES = 100_000
N_IMPACTS_INDEXED = 2_000
N_IMPACTS_NAIVE = 10
RUNS = 5

TICKERS = [f"T{number}" for number in range(5_000)]
TOPICS = [f"topic_{number}" for number in range(40)]
EVENT_TYPES = [f"event_{number}" for number in range(30)]


def some(random_state: random.Random, values: list[str], most: int) -> frozenset[str]:
    """Return one to `most` of `values`."""
    return frozenset(random_state.sample(values, random_state.randint(1, most)))


def rule(random_state: random.Random) -> Condition:
    """Return one rule: 75 % on tickers, 15 % on topic and event type, 10 % nested."""
    kind = random_state.random()
    score = float(random_state.randint(20, 95))
    direction = random_state.choice((None, "up", "down"))
    confidence = random_state.choice((None, 0.5, 0.7))
    if kind < 0.75:
        topics = some(random_state, TOPICS, 3) if random_state.random() < 0.3 else None
        return Condition(
            tickers=some(random_state, TICKERS, 5),
            topics=topics,
            direction=direction,
            min_impact_score=score,
            min_confidence=confidence,
        )
    if kind < 0.9:
        return Condition(
            topics=some(random_state, TOPICS, 2),
            event_types=some(random_state, EVENT_TYPES, 2),
            direction=direction,
            min_impact_score=score,
            min_novelty=random_state.choice((None, 0.5)),
        )
    return Condition(
        any_of=(
            Condition(tickers=some(random_state, TICKERS, 3), min_impact_score=score),
            Condition(topics=some(random_state, TOPICS, 1), event_types=some(random_state, EVENT_TYPES, 1)),
        ),
        none_of=Condition(basis="reaction"),
        direction=direction,
    )


def impact(random_state: random.Random) -> Facts:
    """Return the facts of one impact."""
    return Facts(
        ticker=random_state.choice(TICKERS),
        topics=some(random_state, TOPICS, 3),
        event_types=some(random_state, EVENT_TYPES, 2),
        direction=random_state.choice(("up", "down", "flat")),
        basis=random_state.choice(("reaction", "after")),
        horizon_days=random_state.choice((1, 5)),
        sentiment=random_state.choice(("positive", "neutral", "negative")),
        impact_score=random_state.uniform(0, 100),
        confidence=random_state.random(),
        novelty=random_state.random(),
        relevance=random_state.random(),
    )


def seconds_per_impact(match: Callable[[Facts], object], impacts: list[Facts]) -> float:
    """Return the median over the runs, in seconds for one impact."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        for each in impacts:
            match(each)
        taken.append((time.perf_counter() - start) / len(impacts))
    return statistics.median(taken)


def main() -> None:
    """Build, compare the matches, measure, print."""
    random_state = random.Random(7)
    rules = [rule(random_state) for _ in range(N_RULES)]
    impacts = [impact(random_state) for _ in range(N_IMPACTS_INDEXED)]
    start = time.perf_counter()
    index: RuleIndex[int] = RuleIndex()
    for number, condition in enumerate(rules):
        index.add(number, condition)
    built_seconds = time.perf_counter() - start

    def loop(facts: Facts) -> list[int]:
        return [number for number, condition in enumerate(rules) if holds(condition, facts)]

    few = impacts[:N_IMPACTS_NAIVE]
    if any(sorted(index.matching(each)) != loop(each) for each in few):
        raise SystemExit("the matches differ")
    matches = sum(len(index.matching(each)) for each in impacts) / len(impacts)
    indexed, naive = seconds_per_impact(index.matching, impacts), seconds_per_impact(loop, few)
    print(f"rules {N_RULES:,}, built in {built_seconds:.2f} s; {matches:.1f} matches an impact; identical")
    print(f"index {indexed * 1e6:.1f} us, loop {naive * 1e6:,.0f} us an impact; load {os.getloadavg()[0]:.2f}")
    print(f"ratio {naive / indexed:,.0f} (goal 500)")


if __name__ == "__main__":
    main()
