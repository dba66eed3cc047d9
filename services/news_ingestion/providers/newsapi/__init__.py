"""NewsAPI."""
