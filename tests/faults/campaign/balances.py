"""Balances after a campaign, by article and revision: what was accepted, and what of it stands at every hop.

*lost*: accepted, or passed on by the hop before, and not here. *twice*: here more often than once. *corrections
missing* and *retractions missing*: an older version is current here.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.emulators.webhook_receiver import Arrival
from tests.faults.campaign.clients import Accepted
from tests.faults.campaign.records import Records, Row, impacts_of

_SHOWN = 5


@dataclass(slots=True)
class HopBalance:
    """One hop's balance: how much is expected, and every item that is wrong, by what is wrong with it."""

    hop: str
    expected: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    corrections_missing: list[str] = field(default_factory=list)
    retractions_missing: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, list[str]]:
        """Return what is wrong, by kind."""
        return {
            "lost": self.lost,
            "twice": self.twice,
            "corrections missing": self.corrections_missing,
            "retractions missing": self.retractions_missing,
        }

    @property
    def adds_up(self) -> bool:
        """Tell whether nothing is wrong."""
        return not any(self.faults.values())

    def examples(self) -> list[str]:
        """Return a few lines that name what is wrong."""
        return [f"{self.hop}: {kind}: {item}" for kind, items in self.faults.items() for item in items[:_SHOWN]]


def check(told: Mapping[str, Accepted], records: Records, arrivals: Iterable[Arrival]) -> list[HopBalance]:
    """Return the balance of every hop, from what the clients were told to what the receiver of webhooks saw."""
    return [
        _news(told, records),
        _nlp(records),
        _assessments(records),
        _impacts(records),
        _signals(records),
        *_webhooks(records, list(arrivals)),
    ]


def _news(told: Mapping[str, Accepted], records: Records) -> HopBalance:
    """Compare what clients were told with the articles that stand."""
    balance = HopBalance("news_ingestion", len(told))
    stored = Counter(row["url"] for row in records.articles.values())
    balance.twice += [url for url, number in stored.items() if number > 1]
    for url, accepted in told.items():
        if len(accepted.article_ids) > 1:
            balance.twice.append(f"{url} was answered as {sorted(accepted.article_ids)}")
        row = records.articles.get(UUID(min(accepted.article_ids)))
        if row is None:
            balance.lost.append(url)
        elif accepted.is_retracted and row["state"] != "retracted":
            balance.retractions_missing.append(url)
        elif row["title"] != accepted.title:
            balance.corrections_missing.append(f"{url} stands as {row['title']!r}, not {accepted.title!r}")
    return balance


def _nlp(records: Records) -> HopBalance:
    own = {key: row for key, row in records.articles.items() if row["duplicate_of"] is None}
    balance = HopBalance("nlp", len(own))
    found = _once(balance, records.analyses, "article_id")
    for article_id, row in own.items():
        if _compare(balance, row, found.get(article_id)) and found[article_id]["title"] != row["title"]:
            balance.corrections_missing.append(
                f"{article_id} r{row['revision']}: analysed {found[article_id]['title']!r}"
            )
    return balance


def _assessments(records: Records) -> HopBalance:
    balance = HopBalance("market_impact", len(records.analyses))
    found = _once(balance, records.assessments, "article_id")
    for row in records.analyses:
        here = found.get(row["article_id"])
        if _compare(balance, row, here) and here is not None and here["analysis_id"] != row["analysis_id"]:
            balance.twice.append(f"{row['article_id']} r{row['revision']} rests on another analysis of it")
    return balance


def _impacts(records: Records) -> HopBalance:
    """Check that estimates are unique, and stand under the revision that is assessed."""
    balance = HopBalance("impacts", len(records.impacts))
    _once(balance, records.impacts, "article_id", "ticker", "horizon_days", "basis")
    assessed = {row["article_id"]: row for row in records.assessments}
    scored = {row["article_id"] for row in records.impacts}
    for row in records.impacts:
        assessment = assessed.get(row["article_id"])
        if assessment is None or row["revision"] > assessment["revision"]:
            balance.twice.append(f"{_key(row)} r{row['revision']} rests on nothing")
        elif assessment["result"] == "retracted":
            balance.retractions_missing.append(_key(row))
        elif row["revision"] < assessment["revision"]:
            balance.corrections_missing.append(_key(row))
    balance.lost += [
        str(article_id)
        for article_id, row in assessed.items()
        if row["result"] == "scored" and article_id not in scored
    ]
    return balance


def _signals(records: Records) -> HopBalance:
    """Compare the estimates that stand with those that alerts know; whatever else alerts know must be withdrawn."""
    balance = HopBalance("alerts", len(records.impacts))
    found = _once(balance, records.signals, "article_id", "ticker", "horizon_days", "basis")
    standing = set()
    for row in records.impacts:
        key = _key(row)
        standing.add(key)
        here = found.get(key)
        if here is None:
            balance.lost.append(key)
        elif here["revision"] < row["revision"]:
            balance.corrections_missing.append(f"{key}: r{here['revision']} < r{row['revision']}")
        elif here["impact_id"] != row["impact_id"]:
            balance.twice.append(f"{key} is another estimate of r{row['revision']}")
    balance.retractions_missing += [
        key for key, row in found.items() if key not in standing and row["state"] != "retracted"
    ]
    return balance


def _webhooks(records: Records, arrivals: list[Arrival]) -> list[HopBalance]:
    """Compare the ledger with what the receiver saw, and what it saw last with what stands.

    Notes
    -----
    Delivery is at least once: a message is sent again, under the same `webhook-id`, when the process that had sent it
    could not write that down. So *twice* is: one notice under two ids; one id with two contents; a message sent again
    after its success was in the ledger. A notice that gave way to a newer one of its alert, which arrived, is not lost.
    """
    deliveries = HopBalance("webhooks", len(records.deliveries))
    bodies: dict[str, set[str]] = {}
    # One whose signature is wrong is refused by whoever verifies it: it did not arrive.
    for arrival in (each for each in arrivals if each.is_verified):
        bodies.setdefault(arrival.webhook_id, set()).add(repr(arrival.data))
    deliveries.twice += [f"{key} with {len(found)} contents" for key, found in bodies.items() if len(found) > 1]
    _once(deliveries, records.deliveries, "alert_id", "receiver_id", "notification")
    newest: dict[tuple[Any, Any], int] = {}
    for row in records.deliveries:
        if row["webhook_id"] in bodies:
            told = row["alert_id"], row["receiver_id"]
            newest[told] = max(newest.get(told, 0), row["notification"])
    for row in records.deliveries:
        is_newest = row["notification"] >= newest.get((row["alert_id"], row["receiver_id"]), 0)
        gave_way = row["state"] == "failed" and not is_newest
        if row["webhook_id"] not in bodies and not gave_way:
            deliveries.lost.append(f"{row['webhook_id']} ({row['reason']}, {row['state']})")
        attempts = records.attempts.get(row["delivery_id"])
        if attempts is not None and attempts["delivered"] > 1:
            deliveries.twice.append(f"{row['webhook_id']} was delivered {attempts['delivered']} times by the ledger")
    first = Counter(row["alert_id"] for row in records.deliveries if row["reason"] == "first")
    deliveries.twice += [f"alert {key} began {number} times" for key, number in first.items() if number > 1]
    return [deliveries, _told_receivers(records, bodies)]


def _told_receivers(records: Records, bodies: Mapping[str, Any]) -> HopBalance:
    """Check that the last notice of every alert shows its impacts in the revision that stands."""
    balance = HopBalance("receivers told")
    last: dict[UUID, Row] = {}
    for row in records.deliveries:
        if (
            row["webhook_id"] in bodies
            and row["notification"] > last.get(row["alert_id"], {"notification": 0})["notification"]
        ):
            last[row["alert_id"]] = row
    signals = {row["signal_id"]: row for row in records.signals}
    shown = {alert_id: impacts_of(row["body"]) for alert_id, row in last.items()}
    linked = {link["signal_id"] for link in records.links}
    balance.lost += [
        f"{_key(row)} is in no alert" for row in records.signals if row["is_matched"] and row["signal_id"] not in linked
    ]
    for link in records.links:
        signal = signals[link["signal_id"]]
        balance.expected += 1
        key = (str(signal["article_id"]), signal["ticker"], signal["horizon_days"], signal["basis"])
        revision = shown.get(link["alert_id"], {}).get(key)
        name = f"alert {link['alert_id']}: {_key(signal)}"
        if revision is None:
            # Taken back before anybody was told of it: nobody has to be.
            if link["is_active"]:
                balance.lost.append(name)
        elif revision < signal["revision"]:
            missing = balance.retractions_missing if signal["state"] == "retracted" else balance.corrections_missing
            missing.append(f"{name}: told r{revision}, stands r{signal['revision']}")
    return balance


def _compare(balance: HopBalance, row: Row, here: Row | None) -> bool:
    """Record what one article lacks at this hop, and return whether it is here in the revision wanted."""
    name = f"{row['article_id']} r{row['revision']} {row['state']}"
    if here is None:
        balance.lost.append(name)
    elif here["revision"] < row["revision"]:
        missing = balance.retractions_missing if row["state"] == "retracted" else balance.corrections_missing
        missing.append(f"{name}: stands at r{here['revision']}")
    elif here["revision"] > row["revision"]:
        balance.twice.append(f"{name}: stands at r{here['revision']}, which nobody wrote")
    return here is not None and here["revision"] == row["revision"]


def _once(balance: HopBalance, rows: Iterable[Row], *columns: str) -> dict[Any, Row]:
    """Return the rows by key, and record every key that is there twice."""
    found: dict[Hashable, Row] = {}
    for row in rows:
        key = (
            row[columns[0]] if len(columns) == 1 else _key(row) if "ticker" in columns else tuple(map(row.get, columns))
        )
        if key in found:
            balance.twice.append(str(key))
        found[key] = row
    return found


def _key(row: Row) -> str:
    return f"{row['article_id']} {row['ticker']} {row['horizon_days']} {row['basis']}"
