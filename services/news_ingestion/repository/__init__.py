"""All SQL of news ingestion, by what it is about."""

from news_ingestion.repository.ingesting import find_counts

__all__ = ["find_counts"]
