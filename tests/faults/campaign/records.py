"""What stands in the four databases at the end, read by SQL past everything that was under test."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from common.gateway import ALERTS, MARKET_IMPACT, NEWS_INGESTION, NLP, SERVICES
from tests.faults.campaign.system import System

Row = Mapping[str, Any]

_ARTICLES = """
    SELECT article_id, revision, state, title, url, duplicate_of FROM article WHERE superseded_at IS NULL"""
_ANALYSES = """
    SELECT analysis_id, article_id, revision, state, document::jsonb->>'title' AS title
    FROM analysis WHERE superseded_at IS NULL"""
_ASSESSMENTS = "SELECT article_id, revision, analysis_id, result FROM assessment WHERE superseded_at IS NULL"
_IMPACTS = """
    SELECT impact_id, article_id, revision, ticker, horizon_days, basis FROM impact
    WHERE superseded_at IS NULL AND NOT is_withdrawn"""
_SIGNALS = """
    SELECT signal_id, impact_id, article_id, revision, ticker, horizon_days, basis, is_matched,
           document::jsonb->>'state' AS state FROM signal"""
_LINKS = "SELECT alert_id, signal_id, is_active, amended_at FROM alert_signal"
_ALERTS = "SELECT alert_id, state, n_notifications FROM alert"
_DELIVERIES = """
    SELECT delivery_id, webhook_id, alert_id, receiver_id, notification, reason, state, body FROM delivery"""
_ATTEMPTS = (
    "SELECT delivery_id, count(*) AS attempts, count(*) FILTER (WHERE outcome = 'delivered') AS delivered "
    "FROM delivery_attempt GROUP BY delivery_id"
)
_DEAD = "SELECT dead_letter_id, problem::text AS problem, payload FROM dead_letter"

_WAITING = {
    "outbox": "SELECT count(*) FROM outbox",
    "deliveries": "SELECT count(*) FROM delivery WHERE state = 'pending'",
    "notices": "SELECT count(*) FROM alert WHERE flush_at IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Records:
    """The current rows of every hop; `attempts` are by delivery."""

    articles: Mapping[UUID, Row]
    analyses: Sequence[Row]
    assessments: Sequence[Row]
    impacts: Sequence[Row]
    signals: Sequence[Row]
    links: Sequence[Row]
    alerts: Sequence[Row]
    deliveries: Sequence[Row]
    attempts: Mapping[UUID, Row]
    dead_letters: Mapping[str, Sequence[Row]]
    waiting: Mapping[str, int]


async def read_records(system: System) -> Records:
    """Return everything that the checks look at."""
    articles = await _fetch(system, NEWS_INGESTION.name, _ARTICLES)
    attempts = await _fetch(system, ALERTS.name, _ATTEMPTS)
    return Records(
        articles={row["article_id"]: row for row in articles},
        analyses=await _fetch(system, NLP.name, _ANALYSES),
        assessments=await _fetch(system, MARKET_IMPACT.name, _ASSESSMENTS),
        impacts=await _fetch(system, MARKET_IMPACT.name, _IMPACTS),
        signals=await _fetch(system, ALERTS.name, _SIGNALS),
        links=await _fetch(system, ALERTS.name, _LINKS),
        alerts=await _fetch(system, ALERTS.name, _ALERTS),
        deliveries=await _fetch(system, ALERTS.name, _DELIVERIES),
        attempts={row["delivery_id"]: row for row in attempts},
        dead_letters={service.name: await _fetch(system, service.name, _DEAD) for service in SERVICES[:3]},
        waiting=await waiting(system),
    )


async def waiting(system: System) -> dict[str, int]:
    """Return how much is still on its way: rows of each outbox, deliveries, and notices that are due."""
    found = {}
    for service in SERVICES[:3]:
        (row,) = await _fetch(system, service.name, _WAITING["outbox"])
        found[f"outbox of {service.name}"] = row["count"]
    for name in ("deliveries", "notices"):
        (row,) = await _fetch(system, ALERTS.name, _WAITING[name])
        found[name] = row["count"]
    return found


async def _fetch(system: System, service: str, query: str) -> list[Row]:
    connection = await system.connect(service)
    try:
        rows: list[Row] = await connection.fetch(query)
    finally:
        await connection.close()
    return rows


def impacts_of(body: str) -> dict[tuple[str, str, int, str], int]:
    """Return the impacts that a notice lists, by (article, ticker, horizon, basis), with their revision."""
    listed = json.loads(body)["data"].get("impacts", [])
    return {
        (each["article_id"], each["ticker"], each["horizon_days"], each["basis"]): each["revision"] for each in listed
    }
