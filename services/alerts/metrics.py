"""Prometheus metrics of alerts."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class AlertMetrics:
    """The service's own figures, in the registry of its app."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # A gauge that only grows: a counter would be shown as alert_signal_count_total, and dashboards know this name.
        self.fired = Gauge("alert_signal_count", "Alerts fired by this process", ["severity"], registry=registry)
        self.received = Counter("alert_impacts_received_total", "New or newer impacts received", registry=registry)
        self.matched = Counter("alert_impacts_matched_total", "Impacts that matched a rule", registry=registry)
        self.rules = Gauge("alert_rules", "Rules in the index", registry=registry)
        self.unreadable_rules = Gauge(
            "alert_rules_unreadable", "Enabled rules that this process cannot read and leaves out", registry=registry
        )
        self.amended = Counter("alert_amendments_total", "Corrections of alerts", registry=registry)
        self.system_events = Counter(
            "alert_system_events_total", "New events of the platform received", ["source"], registry=registry
        )
        self.attempts = Counter(
            "alert_delivery_attempts_total", "Attempts to deliver", ["kind", "outcome"], registry=registry
        )
        self.delivery_seconds = Histogram(
            "alert_delivery_seconds", "Time of one attempt to deliver", ["kind"], registry=registry
        )
