"""Runs the analyser beside the event loop, in chunks, and measures it."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from common.errors import Unavailable
from nlp.drift import RecentScores, score_references
from nlp.metrics import AnalysisMetrics
from nlp.selfcheck import SelfcheckReport, compare, golden_inputs
from nlp.text_analyser import TextAnalyser, TextAnalysis
from nlp.text_input import TextInput

# A body of 20,000 characters takes the deep tier 0.9 s: a chunk is what goes on after its caller has gone.
_CHUNK_CHARACTERS = 30_000


class AnalyserThread:
    """The analyser, its one thread and its metrics.

    Notes
    -----
    One thread, because the models are pure Python and hold the interpreter's lock; between chunks the thread lets
    other requests go first.
    """

    def __init__(self, analyser: TextAnalyser, metrics: AnalysisMetrics, chunk_size: int, drift_window: int) -> None:
        self.analyser = analyser
        self.user_aliases: Mapping[str, list[str]] = {}
        self.n_installed = 0
        self._shipped = analyser.gazetteer
        self._metrics = metrics
        self._recent = RecentScores(drift_window, score_references().get(analyser.model_versions["sentiment"]))
        metrics.watch(self._recent)
        self._chunk_size = chunk_size
        self._is_closed = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nlp")

    @property
    def model_versions(self) -> dict[str, str]:
        """The version of each model that is at work."""
        return self.analyser.model_versions

    async def analyse(
        self, texts: Sequence[TextInput], *, counterfactual: bool = False, is_load_test: bool = False
    ) -> list[TextAnalysis]:
        """Return the analysis of each text, in order, without holding up the event loop.

        Parameters
        ----------
        is_load_test : the texts are left out of the metrics, which are about the news

        Notes
        -----
        Cancelled, it ends with the chunk that the thread is at: the next one is never given to it.
        """
        found: list[TextAnalysis] = []
        for chunk in chunks(texts, self._chunk_size):
            begun = time.perf_counter()
            analyses = await self._in_thread(self.analyser, chunk, counterfactual=counterfactual)
            if not is_load_test:
                self._measure(chunk, analyses, (time.perf_counter() - begun) / len(chunk))
            found += analyses
        return found

    async def analyse_plain(self, texts: Sequence[TextInput]) -> list[TextAnalysis]:
        """Return the analyses as shipped: without the users' aliases, and left out of the metrics."""
        return await self._in_thread(self.analyser.with_gazetteer(self._shipped), texts)

    async def selfcheck(self) -> SelfcheckReport:
        """Return how the golden corpus is answered now, and let the metrics say whether it is as frozen."""
        report = compare(await self.analyse_plain(golden_inputs()), self.model_versions)
        self._metrics.selfcheck_ok.set(0 if report.differences else 1)
        return report

    async def _in_thread(
        self, analyser: TextAnalyser, texts: Sequence[TextInput], *, counterfactual: bool = False
    ) -> list[TextAnalysis]:
        if self._is_closed:
            raise Unavailable("NLP is shutting down.")
        analyse = partial(analyser.analyse, texts, counterfactual=counterfactual)
        return await asyncio.get_running_loop().run_in_executor(self._thread, analyse)

    def _measure(self, texts: Sequence[TextInput], analyses: list[TextAnalysis], seconds: float) -> None:
        model = self.model_versions["sentiment"]
        duration, score = self._metrics.seconds.labels(model), self._metrics.score.labels(model)
        for text, analysis in zip(texts, analyses, strict=True):
            duration.observe(seconds)
            self._metrics.texts.labels(analysis.language.code).inc()
            key = hash((text.title, text.summary, text.body))
            self._recent.add(None if analysis.abstained else analysis.sentiment.score, key)
            if analysis.abstained:
                self._metrics.abstained.inc()
            else:
                score.observe(analysis.sentiment.score)
            if (ambiguity := analysis.ambiguity) is not None:
                self._metrics.disagreement.observe(ambiguity)

    async def use_aliases(self, aliases: Mapping[str, list[str]], n_installed: int | None = None) -> None:
        """Link with the users' aliases too, from the next chunk on.

        Parameters
        ----------
        n_installed : how often an analyser had been installed when the aliases were read; they are not put to work when
            one has been installed since, which knows newer ones
        """
        if aliases == self.user_aliases:
            return
        analyser = await self.extended(aliases)
        if n_installed is None or n_installed == self.n_installed:
            self.install(analyser, aliases)

    async def extended(self, aliases: Mapping[str, list[str]]) -> TextAnalyser:
        """Return an analyser that knows the users' aliases too; it is not at work until it is installed."""
        loop = asyncio.get_running_loop()
        gazetteer = await loop.run_in_executor(self._thread, self._shipped.with_aliases, aliases)
        return self.analyser.with_gazetteer(gazetteer)

    def install(self, analyser: TextAnalyser, aliases: Mapping[str, list[str]]) -> None:
        """Put an analyser to work."""
        self.analyser = analyser
        self.user_aliases = aliases
        self.n_installed += 1

    def close(self) -> None:
        """End the thread once what it is doing is done."""
        self._is_closed = True
        self._thread.shutdown()


def chunks(texts: Sequence[TextInput], most_texts: int) -> Iterator[Sequence[TextInput]]:
    """Yield `texts` in order, as many at a time as are short: at most `most_texts`, and one whatever its length."""
    start, characters = 0, 0
    for end, text in enumerate(texts):
        length = len(text.title) + len(text.summary) + len(text.body)
        if end > start and (end - start == most_texts or characters + length > _CHUNK_CHARACTERS):
            yield texts[start:end]
            start, characters = end, 0
        characters += length
    if start < len(texts):
        yield texts[start:]
