"""What the provider of a source says of how it will be fetched; one that fails to say it hides no source."""

import math
from dataclasses import dataclass
from datetime import timedelta

import structlog
from pydantic import ValidationError

from common.errors import Conflict, describe
from common.secrets.secret_box import UnreadableSecret
from news_ingestion.engine import Engine
from news_ingestion.providers.configuration import sentence_of
from news_ingestion.providers.provider import FetchPlan
from news_ingestion.providers.provider_errors import ProviderError, fit_to_show
from news_ingestion.source_rows import QuotaUse, SourceRow
from news_ingestion.sources.fetching import state_of, unknown_kind

logger = structlog.get_logger(__name__)
_NO_USE = QuotaUse(0, 1)
# A century: whatever is longer is a slip of the provider, and no date may lie so far back.
_MAX_SECONDS = timedelta(days=36_500).total_seconds()


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of a source; where its provider has none, what is known without it, and in `error` why."""

    plan: FetchPlan
    error: str | None = None


def planned(engine: Engine, source: SourceRow, used: QuotaUse = _NO_USE) -> Planned:
    """Return how a source will be fetched; of a kind that this process does not know, what was asked for."""
    if source.kind not in engine.providers:
        return Planned(_as_asked(source, unknown_kind(source.kind)))
    try:
        return Planned(_plan_of(engine, source, used))
    except Exception as error:  # noqa: BLE001 - one source that cannot be planned hides no other; the metric counts it
        engine.runtime.failures.labels("source_plan").inc()
        logger.warning("source_not_planned", source_id=str(source.source_id), error=describe(error))
        why = f"The provider could not plan this source: {describe(error)}"
        return Planned(_as_asked(source, why), why)


def require_plan(engine: Engine, source: SourceRow) -> None:
    """Raise `Conflict` when the provider of a source says what is wrong with it in a `ProviderError` or `ValueError`.

    Notes
    -----
    Anything else that is raised is a fault of the provider and not of who gave the source, which can still be fetched:
    it is shown with the source.
    """
    try:
        _plan_of(engine, source, _NO_USE)
    except (ProviderError, ValueError) as error:
        raise Conflict(f"config: {_sentence(error)}.", code="config_invalid") from error
    except Exception:  # noqa: BLE001 - `planned` counts it wherever the source is shown
        return


def address_of(engine: Engine, source: SourceRow) -> str | None:
    """Return the address of a source, None when it has none or no key that the service has opens it."""
    try:
        return None if source.url is None else engine.runtime.secret_box.open(source.url)
    except UnreadableSecret:
        return None


def _plan_of(engine: Engine, source: SourceRow, used: QuotaUse) -> FetchPlan:
    state = state_of(source, used, address_of(engine, source))
    plan = engine.providers[source.kind].plan(state, engine.runtime.clock.now())
    for seconds in (plan.effective_interval_seconds, plan.expected_delay_seconds):
        if not (math.isfinite(seconds) and 0 <= seconds <= _MAX_SECONDS):
            raise ArithmeticError(f"the provider plans with {seconds} seconds")
    return plan


def _sentence(error: ProviderError | ValueError) -> str:
    """Return what is wrong without its full stop, the values that pydantic found, and addresses, which may be keys."""
    if isinstance(error, ValidationError):
        return sentence_of(error)
    text = error.detail if isinstance(error, ProviderError) else str(error)
    return fit_to_show(text).removesuffix(".")


def _as_asked(source: SourceRow, warning: str) -> FetchPlan:
    return FetchPlan(source.interval_seconds, 0.0, None, None, (warning,))
