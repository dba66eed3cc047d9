"""The wire of the alerts service."""
