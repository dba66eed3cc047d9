"""The routes of NLP."""

from nlp.routes.analyses import router as analyses
from nlp.routes.entities import router as entities
from nlp.routes.models import router as models

ROUTERS = (analyses, entities, models)
