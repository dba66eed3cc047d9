"""The HTTP interface of the alerts service, a module for each resource."""

from alerts.routes import alerts, deliveries, integrations, receivers, rules, signals

ROUTERS = (signals.router, rules.router, alerts.router, receivers.router, deliveries.router, integrations.router)
