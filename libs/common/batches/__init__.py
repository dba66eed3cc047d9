"""Batches from another service: a failing item does not fail the rest, and the newest revision wins."""
