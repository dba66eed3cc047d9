"""All SQL of market impact, one module per subject."""

from market_impact.repository.assessments import find_counts

__all__ = ["find_counts"]
