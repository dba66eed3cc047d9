"""Requests and responses on the wire."""
