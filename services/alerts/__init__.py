"""Alerts: rules over impacts, grouped into alerts, delivered to receivers with every attempt on record."""
