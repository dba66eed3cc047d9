"""The first start: replays the bundled sample and shows the results."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Group
from rich.table import Table

from common.gateway import ALERTS, MARKET_IMPACT, NEWS_INGESTION, SERVICES
from standalone.api_client import SystemClient
from standalone.replay.bar_files import import_bars
from standalone.replay.replay import read_all, replay, replay_tables
from standalone.sample.files import bars_path, headlines_path

_SHOWN = 12
_CLOSING_HOUR = 16


async def is_empty(client: SystemClient) -> bool:
    """Tell whether the system has never received an article."""
    page = await client.request("GET", f"{NEWS_INGESTION.base_path}/articles", params={"limit": 1})
    return not page["data"]


async def replay_sample(client: SystemClient) -> Group:
    """Import the sample's bars, replay its headlines, and return the tables of what happened."""
    await import_bars(client, bars_path())
    report = await replay(client, read_all(headlines_path()), batch_items=100)
    return Group(*replay_tables(report))


async def strongest_impacts(client: SystemClient) -> Table:
    """Return a table of the impacts with the highest scores, each with what really happened."""
    impacts = [impact async for impact in client.pages(f"{MARKET_IMPACT.base_path}/impacts", min_impact_score=1)]
    impacts.sort(key=lambda impact: impact["impact_score"], reverse=True)
    table = Table(title="Strongest impacts (abnormal return; interval 90 %)", expand=True)
    for name in ("published", "ticker", "basis", "score", "expected", "interval", "happened", "headline"):
        _add_column(table, name, is_number=name in {"score", "expected", "interval", "happened"})
    for impact in impacts[:_SHOWN]:
        outcome = await client.request("GET", f"{MARKET_IMPACT.base_path}/impacts/{impact['impact_id']}/outcome")
        interval = impact["interval"] or {"low": None, "high": None}
        table.add_row(
            impact["lineage"]["published_at"][:10],
            impact["ticker"],
            impact["basis"],
            f"{impact['impact_score']:.0f}",
            _percent(impact["expected_abnormal_return"]),
            f"{_percent(interval['low'])} … {_percent(interval['high'])}",
            _percent(outcome.get("abnormal_return")),
            impact["context"]["title"],
        )
    return table


async def fired_alerts(client: SystemClient) -> Table:
    """Return a table of the latest alerts."""
    page = await client.request("GET", f"{ALERTS.base_path}/alerts", params={"limit": _SHOWN})
    table = Table(title="Alerts that fired (the latest)", expand=True)
    for name in ("state", "severity", "rule", "group", "impacts", "headline"):
        _add_column(table, name, is_number=name == "impacts")
    for alert in page["data"]:
        group = ", ".join(f"{name}={value}" for name, value in alert["group_labels"].items())
        table.add_row(
            alert["state"], alert["severity"], alert["rule_name"], group, str(alert["n_impacts"]), alert["title"]
        )
    return table


async def draw_event_studies(client: SystemClient) -> dict[str, str]:
    """Run an event study of the good news and one of the bad, and return the paths of their pictures by name."""
    events: dict[str, set[tuple[str, str]]] = {"positive": set(), "negative": set()}
    async for impact in client.pages(f"{MARKET_IMPACT.base_path}/impacts", basis="reaction", min_impact_score=1):
        label = impact["context"]["sentiment_label"]
        if label in events:
            events[label].add((impact["ticker"], _trading_day(impact["lineage"]["published_at"])))
    pictures = {}
    for label, found in events.items():
        listed = [{"ticker": ticker, "date": day} for ticker, day in sorted(found)]
        if len(listed) >= 5:
            body = {"events": listed, "event_window": [-5, 10]}
            study = await client.request("POST", f"{MARKET_IMPACT.base_path}/event-studies", json=body)
            path = f"{MARKET_IMPACT.base_path}/event-studies/{study['id']}/chart.svg"
            pictures[f"{len(listed)} {label} headlines"] = path
    return pictures


def pages_to_open(address: str, pictures: dict[str, str], ticker: str = "AAPL") -> Table:
    """Return the addresses that are worth opening."""
    table = Table(title="Open in a browser", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("start", f"{address}/")
    for service in SERVICES:
        table.add_row(f"{service.title} API", f"{address}{service.prefix}/docs")
    for name, path in pictures.items():
        table.add_row(name, f"{address}{path}")
    table.add_row("price with news", f"{address}{MARKET_IMPACT.base_path}/tickers/{ticker}/timeline.svg")
    return table


def _trading_day(published_at: str) -> str:
    """Return the New York day that the news belongs to; the study itself moves weekends and holidays on."""
    local = datetime.fromisoformat(published_at).astimezone(ZoneInfo("America/New_York"))
    return (local.date() + timedelta(days=local.hour >= _CLOSING_HOUR)).isoformat()


def _add_column(table: Table, name: str, *, is_number: bool) -> None:
    """Add a column; where the terminal is narrow, the headline is cut and nothing else."""
    ratio = 1 if name == "headline" else None
    table.add_column(name, justify="right" if is_number else "left", no_wrap=True, overflow="ellipsis", ratio=ratio)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2%}"
