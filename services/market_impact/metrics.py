"""Prometheus metrics of market impact."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class ImpactMetrics:
    """Counters and histograms of this service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.scores = Histogram(
            "market_impact_score_histogram",
            "Impact scores, 0 to 100, of estimates that did not abstain",
            ["basis"],
            buckets=(1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100),
            registry=registry,
        )
        self.abstentions = Counter(
            "market_impact_abstained_total", "Estimates that abstained, by reason", ["reason"], registry=registry
        )
        self.unreadable = Counter(
            "market_impact_unreadable_total",
            "Stored estimates that could not be read and were left out of an answer or a withdrawal",
            registry=registry,
        )
        self.analyses = Counter(
            "market_impact_analyses_total", "Analyses received, by what became of them", ["result"], registry=registry
        )
        self.scoring_seconds = Histogram(
            "market_impact_scoring_duration_seconds",
            "Time of one batch, from the validated analyses to the written estimates",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=registry,
        )
        self.outcomes = Counter(
            "market_impact_outcomes_total",
            "Outcomes by whether the return lay within the interval",
            ["basis", "within_interval"],
            registry=registry,
        )
        self.past_events = Gauge(
            "market_impact_past_events", "Distinct realised events that estimates learn from", registry=registry
        )
        self.cached_tickers = Gauge(
            "market_impact_cached_tickers", "Securities whose prices are in memory", registry=registry
        )
        self.bars = Counter("market_impact_bars_total", "Price bars received, by result", ["result"], registry=registry)
        self.studies = Counter(
            "market_impact_event_studies_total", "Event studies answered, by model", ["model"], registry=registry
        )
