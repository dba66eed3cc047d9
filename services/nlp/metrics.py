"""Prometheus metrics of NLP."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from nlp.drift import RecentScores

_SECONDS = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)
_SCORES = tuple(edge / 10 for edge in range(-9, 11))
_DISAGREEMENTS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


class AnalysisMetrics:
    """What is measured on the texts analysed; `psi` to `disagreement` are what a rollout is judged by."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "nlp_sentiment_analysis_duration_seconds",
            "Time to analyse one text, the mean of its chunk",
            ["model"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.texts = Counter("nlp_texts_analysed_total", "Texts analysed", ["language"], registry=registry)
        self.abstained = Counter("nlp_texts_abstained_total", "Texts that were not scored", registry=registry)
        self.score = Histogram(
            "nlp_sentiment_score", "Scores of texts, in [-1, 1]", ["model"], buckets=_SCORES, registry=registry
        )
        self.psi = Gauge(
            "nlp_score_psi",
            "Population stability index of the latest scores against the model's reference texts; NaN while unknown",
            registry=registry,
        )
        self.abstain_ratio = Gauge(
            "nlp_abstain_ratio",
            "Share of the latest texts that were not scored; NaN before the first",
            registry=registry,
        )
        self.selfcheck_ok = Gauge(
            "nlp_selfcheck_ok",
            "1 when the last self-check answered the golden corpus as frozen, else 0",
            registry=registry,
        )
        self.disagreement = Histogram(
            "nlp_tier_disagreement",
            "Jensen-Shannon divergence of the two tiers' opinions on a text, in bits",
            buckets=_DISAGREEMENTS,
            registry=registry,
        )

    def watch(self, recent: RecentScores) -> None:
        """Read the drift of `recent` whenever the metrics are asked for."""
        self.psi.set_function(recent.stability_index)
        self.abstain_ratio.set_function(recent.abstain_ratio)
