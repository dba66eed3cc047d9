"""A campaign's result as a table for people and as JSON for programs."""

from collections import Counter
from typing import Any

from tests.faults.campaign.running import Result


def as_json(result: Result) -> dict[str, Any]:
    """Return the figures of a campaign."""
    told, records = result.told, result.records
    kills = Counter(result.done.counts)
    return {
        "seed": result.campaign.seed,
        "adds_up": result.adds_up,
        "articles": result.plan.n_articles,
        "accepted": len(told.articles),
        "corrections": sum(article.n_corrections for article in told.articles.values()),
        "retractions": sum(article.is_retracted for article in told.articles.values()),
        "rejected": len(told.rejected),
        "given_up": told.given_up,
        "impacts": len(records.impacts),
        "alerts": len(records.alerts),
        "webhooks": len(records.deliveries),
        "webhook_requests": result.n_arrivals,
        "hops": {
            balance.hop: {"expected": balance.expected, **{kind: len(items) for kind, items in balance.faults.items()}}
            for balance in result.balances
        },
        "dead_letters": {name: len(letters) for name, letters in records.dead_letters.items()},
        "waiting": dict(records.waiting),
        "faults": dict(sorted(kills.items())),
        "left_out": result.done.left_out,
        "ended": result.ended,
        "memory_mb": result.memory_mb,
        "answers": dict(sorted(told.answers.items())),
        "latency_ms": {"p50": _at(told.latencies_seconds, 0.5), "p99": _at(told.latencies_seconds, 0.99)},
        "acknowledged_ms": {"p50": _at(told.acknowledged_seconds, 0.5), "p99": _at(told.acknowledged_seconds, 0.99)},
        "load_seconds": round(result.load_seconds, 1),
        "drain_seconds": round(result.drain_seconds, 1),
    }


def as_text(result: Result) -> str:
    """Return the table."""
    figures = as_json(result)
    columns = ("expected", "lost", "twice", "corrections missing", "retractions missing")
    counted = ("articles accepted", "corrections", "retractions", "impacts", "webhooks")
    numbers = ", ".join(f"{figures[name.removeprefix('articles ')]} {name}" for name in counted)
    lines = [
        f"seed {figures['seed']}: {numbers} in {figures['webhook_requests']} requests",
        f"{'hop':<16}" + "".join(f"{column:>21}" for column in columns),
    ]
    lines += [
        f"{hop:<16}" + "".join(f"{balance[column]:>21}" for column in columns)
        for hop, balance in figures["hops"].items()
    ]
    for name in (
        "rejected",
        "given_up",
        "dead_letters",
        "waiting",
        "faults",
        "left_out",
        "ended",
        "answers",
        "latency_ms",
        "acknowledged_ms",
        "memory_mb",
        "load_seconds",
        "drain_seconds",
    ):
        lines.append(f"{name:<16}{figures[name]}")
    for balance in result.balances:
        lines += balance.examples()
    letters = Counter(
        f"dead letter of {name}: {letter['problem'][:200]}"
        for name, found in result.records.dead_letters.items()
        for letter in found
    )
    lines += [f"{number} x {text}" for text, number in letters.most_common(10)]
    lines += result.told.rejected[:5]
    lines.append("the counts balance" if figures["adds_up"] else "THE COUNTS DO NOT BALANCE")
    return "\n".join(lines)


def _at(seconds: list[float], share: float) -> float | None:
    """Return a quantile in milliseconds."""
    if not seconds:
        return None
    return round(sorted(seconds)[int(share * (len(seconds) - 1))] * 1000, 1)
