"""Counts of the pipeline: how many items each hop received and passed on, and whether they add up."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from common.gateway import ALERTS, MARKET_IMPACT, NEWS_INGESTION, NLP, SERVICES
from standalone.api_client import SystemClient

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counts of every service at one moment, and what was still on its way."""

    counts: Counts
    pending: dict[str, int]
    dead_letters: dict[str, int]
    taken_at: float = field(default_factory=time.monotonic)

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing is on its way any more."""
        return not any(self.pending.values())

    def since(self, earlier: "Snapshot") -> Counts:
        """Return what was counted between `earlier` and this."""
        return {
            service: {name: value - earlier.counts[service].get(name, 0) for name, value in counts.items()}
            for service, counts in self.counts.items()
        }


async def take_snapshot(client: SystemClient) -> Snapshot:
    """Ask every service, upstream first: what an empty outbox has passed on is then counted further down."""
    answers = {service.name: await client.request("GET", f"{service.base_path}/counts") for service in SERVICES}
    return Snapshot(
        counts={name: answer["counts"] for name, answer in answers.items()},
        pending={name: answer["outbox_pending"] for name, answer in answers.items()},
        dead_letters={name: answer["dead_letters"] for name, answer in answers.items()},
    )


@dataclass(frozen=True, slots=True)
class Balance:
    """Two counts that must be equal: `total` = the sum of `parts`."""

    name: str
    total: int
    parts: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Tell whether the two sides agree."""
        return self.total == sum(self.parts.values())

    def __str__(self) -> str:
        right = " + ".join(f"{value:,} {name}" for name, value in self.parts.items())
        return f"{self.total:,} {self.name} = {right}"


def balances(counted: Counts, dead_letters: Mapping[str, int]) -> list[Balance]:
    """Return the equations that hold when nothing was lost and nothing counted twice."""
    news, nlp = counted[NEWS_INGESTION.name], counted[NLP.name]
    impact, alerts = counted[MARKET_IMPACT.name], counted[ALERTS.name]
    decisions = ("created", "duplicates", "near_duplicates", "revised", "rejected")
    return [
        Balance("received", news["received"], {name: news[name] for name in decisions}),
        Balance(
            "handed to NLP",
            news["created"] + news["revised"] + news.get("retracted", 0),
            {
                "analysed": nlp["analysed"],
                "retracted": nlp.get("retracted", 0),
                "dead letters": dead_letters[NEWS_INGESTION.name],
            },
        ),
        Balance(
            "handed to market impact",
            nlp["analysed"] + nlp.get("retracted", 0),
            {
                "scored": impact["scored"],
                "without linked security": impact["without_linked_security"],
                "retracted": impact.get("retracted", 0),
                "dead letters": dead_letters[NLP.name],
            },
        ),
        Balance(
            "impacts",
            impact["impacts"],
            {"received by alerts": alerts["received"], "dead letters": dead_letters[MARKET_IMPACT.name]},
        ),
    ]
