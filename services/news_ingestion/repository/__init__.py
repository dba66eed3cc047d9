"""All SQL of news ingestion, by subject."""

from news_ingestion.repository.ingesting import find_counts

__all__ = ["find_counts"]
