"""The card of the estimator in use."""

from dataclasses import asdict

from common.contracts import Basis
from market_impact.engine import Engine
from market_impact.estimation.estimate import PRIORS
from market_impact.estimation.features import FEATURES, MODEL_VERSION
from market_impact.schemas.models import ModelCard, PriorRead


def active_model_card(engine: Engine) -> ModelCard:
    """Return the card of the estimator that scores now."""
    settings = engine.settings
    return ModelCard(
        version=MODEL_VERSION,
        is_active=True,
        kind="empirical-Bayes shrinkage of realised cumulative abnormal returns",
        description=describe_estimate(),
        priors=[_prior(basis) for basis in PRIORS],
        horizons_days=list(engine.parameters.horizons_days),
        estimation_window_days=settings.estimation_window_days,
        estimation_gap_days=settings.estimation_gap_days,
        interval_level=settings.interval_level,
        benchmark_ticker=settings.benchmark_ticker,
        past_events=len(engine.evidence.past),
        data="Learns only from outcomes of its own estimates, each after its horizon has passed. No data are shipped.",
        licence="MIT, as the code; the priors are round numbers, fitted to no data set.",
        limits=[
            "Linear in the sentiment score; kinds of news do not interact.",
            "The interval is normal though returns have fatter tails; kinds with few outcomes borrow their variance.",
            "News that only reports a price move expects nothing and teaches nothing.",
            "Daily bars: what happens within a session before the news is part of `reaction`.",
        ],
    )


def describe_estimate() -> str:
    """Return how the estimator comes to its figures: what each feature adds, and what the sum is multiplied by."""
    features = " ".join(f"`{name}`: {each.meaning}" for name, each in FEATURES.items())
    return (
        f"The expected abnormal return is the sum of {len(FEATURES)} features times the security's abnormal "
        f"volatility, which comes from a market model. {features} What is learned from outcomes is shrunken by how "
        "many there are, and `reaction` and `after` learn apart."
    )


def _prior(basis: Basis) -> PriorRead:
    return PriorRead(basis=basis, **asdict(PRIORS[basis]))
