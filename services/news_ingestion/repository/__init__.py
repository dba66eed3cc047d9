"""All SQL of news ingestion, by what it is about."""

from news_ingestion.repository.ingesting import counts

__all__ = ["counts"]
