"""The HTTP API of NLP."""

from nlp.routes import analyses, entities, models

ROUTERS = (analyses.router, entities.router, models.router)
