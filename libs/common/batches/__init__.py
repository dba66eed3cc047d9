"""Batches from a neighbour: one item's failure is its own, and the newest revision holds."""
