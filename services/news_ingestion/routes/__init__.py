"""The HTTP API of news ingestion."""

from news_ingestion.routes import articles, sources, stories

ROUTERS = (articles.router, stories.router, sources.router)
