"""All SQL of market impact, one module a subject."""

from market_impact.repository.impacts import counts

__all__ = ["counts"]
