"""Topics of the taxonomy `market` by weighted cues: transparent, and the same for every source.

Each cue has a weight; a topic's score is 1 - exp(-w), w being the sum over its distinct cues, those in the title
counted fully and those below it at 40 %. The sector of a linked company adds a little: a software house is rarely off
topic.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from common.contracts import TopicScore
from nlp.artefacts import sha256
from nlp.texts.cue_index import CueIndex

_FILE = Path(__file__).with_name("market_taxonomy.txt")
_BODY_SHARE = 0.4
_FOUND_FROM = 0.55
_MAX_TOPICS = 8
_SECTOR_WEIGHT = 0.5
# An event of the headline is enough for its topic, whatever words tell of it; beside cues it adds nothing.
_EVENT_WEIGHT = 1.2
_SECTOR_TOPICS = {
    "Information Technology": "technology",
    "Communication Services": "technology",
    "Health Care": "life_sciences",
    "Financials": "finance",
    "Energy": "energy_transportation",
    "Utilities": "energy_transportation",
    "Real Estate": "real_estate",
    "Consumer Staples": "retail_wholesale",
    "Consumer Discretionary": "retail_wholesale",
    "Industrials": "manufacturing",
    "Materials": "commodities",
}


@dataclass(frozen=True, slots=True)
class MarketTopic:
    """A topic: its code, its name, Alpha Vantage's code for it where there is one, and its cues with weights."""

    code: str
    name: str
    alpha_vantage: str | None
    cues: tuple[tuple[str, float], ...]


def _cue(text: str) -> tuple[str, float]:
    words, _, weight = text.strip().rpartition(":")
    return words, float(weight)


@cache
def market_topics() -> tuple[MarketTopic, ...]:
    """Return the taxonomy in its written order."""
    topics = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        code, name, alpha_vantage, cues = (part.strip() for part in line.split("|"))
        found = tuple(_cue(cue) for cue in cues.split(", "))
        topics.append(MarketTopic(code, name, alpha_vantage or None, found))
    return tuple(topics)


class MarketTopicModel:
    """The taxonomy `market` ready for use."""

    def __init__(self) -> None:
        self.version = f"market-{sha256(_FILE)[:12]}"
        by_cue: dict[str, list[tuple[str, float]]] = {}
        for topic in market_topics():
            for cue, weight in topic.cues:
                by_cue.setdefault(cue, []).append((topic.code, weight))
        self._meanings = list(by_cue.values())
        self._index = CueIndex(list(by_cue))

    def classify(
        self, title: str, body: str, sectors: Iterable[str] = (), of_events: Iterable[str] = ()
    ) -> list[TopicScore]:
        """Return the topics of a text, the likeliest first, at most eight; possibly none.

        Parameters
        ----------
        title, body : folded text (see `nlp.entities.gazetteer.fold`)
        sectors : GICS sectors of the companies that the text is about
        of_events : topics that the events of the title belong to
        """
        weights: dict[str, float] = {}
        in_title = set(self._index.find(title))
        for cue in in_title:
            for code, weight in self._meanings[cue]:
                weights[code] = weights.get(code, 0.0) + weight
        if body:
            for cue in set(self._index.find(body)) - in_title:
                for code, weight in self._meanings[cue]:
                    weights[code] = weights.get(code, 0.0) + _BODY_SHARE * weight
        for code in {_SECTOR_TOPICS[sector] for sector in sectors if sector in _SECTOR_TOPICS}:
            weights[code] = weights.get(code, 0.0) + _SECTOR_WEIGHT
        for code in of_events:
            weights[code] = max(weights.get(code, 0.0), _EVENT_WEIGHT)
        scored = [TopicScore(topic=code, score=round(1.0 - math.exp(-weight), 4)) for code, weight in weights.items()]
        found = [topic for topic in scored if topic.score >= _FOUND_FROM]
        return sorted(found, key=lambda topic: (-topic.score, topic.topic))[:_MAX_TOPICS]
