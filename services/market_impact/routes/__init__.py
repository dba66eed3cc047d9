"""Routes of market impact, one module per resource."""

from market_impact.routes import bars, event_studies, impacts, models, tickers

ROUTERS = (bars.router, impacts.router, event_studies.router, tickers.router, models.router)
