"""Sentiment of a text and toward a name in it, with evidence: the tiers, their models and their blend."""
