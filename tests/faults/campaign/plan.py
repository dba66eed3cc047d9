"""What the clients of a campaign do, from one seed: articles, corrections and retractions, each with its time."""

import csv
import gzip
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

from standalone.sample.files import bars_path

Kind = Literal["post", "retract"]

COMPANIES = {
    "AAP": "Advance Auto Parts",
    "AAPL": "Apple",
    "ABBV": "AbbVie",
    "ACAD": "Acadia Pharmaceuticals",
    "AMGN": "Amgen",
    "AMZN": "Amazon",
    "BA": "Boeing",
    "CAT": "Caterpillar",
    "CSCO": "Cisco",
    "DIS": "Disney",
    "GE": "General Electric",
    "GOOG": "Google",
    "HD": "Home Depot",
    "INTC": "Intel",
    "JPM": "JPMorgan",
    "KO": "Coca-Cola",
    "MRK": "Merck",
    "MSFT": "Microsoft",
    "ORCL": "Oracle",
    "PFE": "Pfizer",
    "PG": "Procter & Gamble",
    "UNH": "UnitedHealth",
    "VZ": "Verizon",
    "WMT": "Walmart",
    "XOM": "Exxon Mobil",
}
_WHAT = (
    "beats quarterly profit estimates, earnings up {n} percent on {product} in {place}",
    "cuts full-year forecast by {n} percent as {product} demand in {place} slows",
    "raises its dividend by {n} percent after {product} orders from {place}",
    "to buy {place} maker of {product} for ${n} million",
    "recalls {n} thousand {product} sold in {place}",
    "wins ${n} million {product} contract from {place}",
    "to cut {n} jobs at its {product} plant in {place}",
    "sued in {place} for ${n} million over {product}",
    "shares fall {n} percent on weak {product} sales in {place}",
    "launches {product} in {place}, expects ${n} million of revenue",
)
_PRODUCTS = ("turbines", "tablets", "vaccines", "scanners", "engines", "routers", "batteries", "sensors", "freezers")
_PLACES = ("Austria", "Brazil", "Canada", "Denmark", "Egypt", "Finland", "Greece", "Hungary", "India", "Japan", "Kenya")
# Most corrections follow while the first version is still on its way; some come late, when all is told.
_CORRECTION_DELAYS_SECONDS = (0.0, 0.05, 0.1, 0.1, 0.1, 0.3, 1.0, 5.0, 20.0)
CORRECTED_SHARE = 0.11
_RETRACTED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Post:
    """One version of an article, as it is posted."""

    url: str
    title: str
    published_at: str
    ticker: str

    def as_json(self) -> dict[str, object]:
        """Return the item of `POST /news/v1/articles`."""
        source = {"name": "Campaign Wire"}
        return {
            "title": self.title,
            "url": self.url,
            "published_at": self.published_at,
            "tickers": [self.ticker],
            "source": source,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """What one client does at one time: post some versions, or take an article back."""

    at_seconds: float
    client: int
    kind: Kind
    posts: tuple[Post, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps, in order of time."""

    steps: tuple[Step, ...]
    n_articles: int
    n_corrections: int
    n_retractions: int


def make_plan(
    seed: int, n_articles: int, seconds: float, *, clients: int = 6, corrected_share: float = CORRECTED_SHARE
) -> Plan:
    """Return the steps of a campaign; one client does everything with one article, in order."""
    rng = random.Random(seed)
    sessions = _sessions()
    steps: list[Step] = []
    numbers = iter(range(n_articles))
    counts = {"corrections": 0, "retractions": 0}
    for batch in _batches(rng, numbers):
        at, client = rng.uniform(0.0, seconds), rng.randrange(clients)
        posts = [_article(rng, seed, number, sessions) for number in batch]
        steps.append(Step(at, client, "post", tuple(posts)))
        steps += _corrections(rng, at, client, posts, counts, corrected_share)
    steps.sort(key=lambda step: step.at_seconds)
    return Plan(tuple(steps), n_articles, counts["corrections"], counts["retractions"])


def _batches(rng: random.Random, numbers: Iterator[int]) -> Iterator[list[int]]:
    while batch := [number for _, number in zip(range(rng.choice((1, 1, 2, 5, 10, 20))), numbers, strict=False)]:
        yield batch


def _corrections(
    rng: random.Random, at: float, client: int, posts: list[Post], counts: dict[str, int], corrected_share: float
) -> list[Step]:
    """Return what follows a batch: up to three corrections of some articles, and the retraction of some others."""
    steps = []
    for post in posts:
        moment, title = at, post.title
        if rng.random() < corrected_share:
            for number in range(rng.choice((1, 1, 1, 2, 3))):
                moment += rng.choice(_CORRECTION_DELAYS_SECONDS) + 1e-6
                title = _corrected(rng, post.title, number)
                steps.append(Step(moment, client, "post", (Post(post.url, title, post.published_at, post.ticker),)))
                counts["corrections"] += 1
        if rng.random() < _RETRACTED_SHARE:
            moment += rng.choice(_CORRECTION_DELAYS_SECONDS) + 1e-6
            steps.append(Step(moment, client, "retract", url=post.url))
            counts["retractions"] += 1
    return steps


def _article(rng: random.Random, seed: int, number: int, sessions: dict[str, list[datetime]]) -> Post:
    ticker = rng.choice(sorted(COMPANIES))
    session = rng.choice(sessions[ticker])
    what = rng.choice(_WHAT).format(n=rng.randrange(2, 990), product=rng.choice(_PRODUCTS), place=rng.choice(_PLACES))
    published_at = session + timedelta(seconds=rng.randrange(10 * 3600))
    url = f"https://campaign.example/{seed}/{number}"
    return Post(url, f"{COMPANIES[ticker]} {what}", published_at.strftime("%Y-%m-%dT%H:%M:%SZ"), ticker)


def _corrected(rng: random.Random, title: str, number: int) -> str:
    """Return another headline: another figure, now and then another company too, so that the link changes."""
    said = ("company says", "filing shows", "spokesman says")[number]
    if rng.random() < 0.2:
        title = f"{title} with {COMPANIES[rng.choice(sorted(COMPANIES))]}"
    return f"{title}, {said} in statement {rng.randrange(10_000, 99_999)}"


def _sessions() -> dict[str, list[datetime]]:
    """Return the days of each company on which the bundled bars reach back far enough and on far enough."""
    days: dict[str, list[datetime]] = defaultdict(list)
    with gzip.open(bars_path(), "rt", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["ticker"] in COMPANIES:
                days[row["ticker"]].append(datetime.combine(datetime.fromisoformat(row["date"]), time(11), tzinfo=UTC))
    return {ticker: found[150:-30] for ticker, found in days.items()}
