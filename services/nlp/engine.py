"""The service's own objects, opened with it: the analyser beside the event loop, and metrics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.runtime import Runtime
from nlp.analyser_thread import AnalyserThread
from nlp.metrics import AnalysisMetrics
from nlp.settings import Settings
from nlp.tiers import load_analyser


@dataclass(frozen=True, slots=True)
class Engine:
    """What the use-cases work with."""

    runtime: Runtime
    settings: Settings
    metrics: AnalysisMetrics
    thread: AnalyserThread


@asynccontextmanager
async def open_engine(runtime: Runtime) -> AsyncIterator[Engine]:
    """Load the models, checked by hash, and yield the engine around them."""
    settings = runtime.settings_as(Settings)
    metrics = AnalysisMetrics(runtime.registry)
    analyser = load_analyser(settings.nlp_model)
    thread = AnalyserThread(analyser, metrics, settings.nlp_chunk_size, settings.nlp_drift_window)
    try:
        # 50 ms on a busy core; a difference shows in the metrics and stops no start, as `POST /selfcheck` is the gate.
        await thread.selfcheck()
        yield Engine(runtime, settings, metrics, thread)
    finally:
        thread.close()
