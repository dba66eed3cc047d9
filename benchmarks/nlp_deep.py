"""The deep tier: headlines/s on one core in batches (goal 400), and its cost relative to the fast tier's.

Processor time, so that the other core's work does not count. Headlines: the bundled sample, each once a run.
"""

import time
from collections.abc import Callable

from measuring import RUNS, median, report
from nlp_headline import headlines

from nlp.sentiment.deep import DeepSentiment
from nlp.sentiment.fast import FastSentiment
from nlp.text_input import TextInput
from nlp.tiers import Tier, load_analyser

TIERS: tuple[Tier, ...] = ("fast", "deep")


def per_second(act: Callable[[], object], n_texts: int) -> float:
    """Return how many texts one core takes in a second, the median over the runs after a first one."""
    act()
    taken = []
    for _ in range(RUNS):
        begun = time.process_time()
        act()
        taken.append(n_texts / (time.process_time() - begun))
    return median(taken)


def _analysing(tier: Tier, texts: list[TextInput]) -> Callable[[], object]:
    analyser = load_analyser(tier)
    return lambda: analyser.analyse(texts)


def main() -> None:
    """Print the throughput of both tiers: of sentiment alone, and of the whole analysis."""
    titles = headlines()
    texts = [TextInput(title) for title in titles]
    fast, deep = FastSentiment.load(), DeepSentiment.load()
    report(
        "deep tier, headlines/s on one core, sentiment alone",
        per_second(lambda: deep.read(titles), len(titles)),
        ">= 400",
        f"fast tier: {per_second(lambda: fast.read(titles), len(titles)):,.0f}",
        *(f"whole analysis, {tier}: {per_second(_analysing(tier, texts), len(texts)):,.0f}" for tier in TIERS),
    )


if __name__ == "__main__":
    main()
