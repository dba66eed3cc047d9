"""Scores of entities: spans against FiNER-ORD, and tickers of headlines that name their company."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from nlp.entities.gazetteer import Gazetteer, fold
from nlp.entities.tagging.labels import NamedSpan, NameKind, NameTagger
from nlp.text_analyser import TextAnalyser, TextAnalysis
from nlp.text_input import TextInput
from nlp.training.corpora import headlines
from nlp.training.entities.company_names import short_form, without_legal_form
from nlp.training.entities.named_text import NamedText, Sentence, joined, read_documents, token_spans

_KINDS: tuple[NameKind, ...] = ("ORG", "PER", "LOC")
_KIND_OF: dict[str, NameKind] = {"company": "ORG", "organisation": "ORG", "person": "PER", "place": "LOC"}
_BATCH = 200


class F1Count:
    """Counts of exact spans by kind."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, named: NamedText, found: Iterable[NamedSpan]) -> None:
        """Count the spans found in a text, moved to the borders of its tokens."""
        answer = set(token_spans(named, found))
        truth = set(named.names)
        for role, spans in (("found", answer), ("true", truth), ("right", answer & truth)):
            self._counts.update((role, span.kind) for span in spans)

    def scores(self, name: str) -> dict[str, float]:
        """Return precision, recall and F1 of each kind, named after `name`."""
        found = {}
        for kind in _KINDS:
            right = self._counts["right", kind]
            precision = right / max(1, self._counts["found", kind])
            recall = right / max(1, self._counts["true", kind])
            low = f"{name}.{kind.lower()}"
            found[f"{low}.precision"] = precision
            found[f"{low}.recall"] = recall
            found[f"{low}.f1"] = 2 * precision * recall / max(1e-9, precision + recall)
        return found


def layouts(documents: list[list[Sentence]]) -> dict[str, list[NamedText]]:
    """Return the texts to look for names in: by sentence and by document, as written and with tokens apart."""
    return {
        "sentence": [joined([one], is_tight=True) for document in documents for one in document],
        "sentence_apart": [joined([one], is_tight=False) for document in documents for one in document],
        "document": [joined(document, is_tight=True) for document in documents],
        "document_apart": [joined(document, is_tight=False) for document in documents],
    }


def tagger_scores(tagger: NameTagger, gazetteer: Gazetteer, documents: list[list[Sentence]]) -> dict[str, float]:
    """Return the scores of the tagger alone."""
    scores: dict[str, float] = {}
    for name, texts in layouts(documents).items():
        count = F1Count()
        matches = [gazetteer.find(fold(named.text)) for named in texts]
        for named, found in zip(texts, tagger.tag([named.text for named in texts], matches), strict=True):
            count.add(named, found)
        scores |= count.scores(name)
    return scores


def mentioned_spans(analysis: TextAnalysis) -> list[NamedSpan]:
    """Return the mentions of companies, organisations, people and places in an analysis of one field."""
    return [
        NamedSpan(mention.start, mention.end, _KIND_OF[entity.type])
        for entity in analysis.entities
        if entity.type in _KIND_OF
        for mention in entity.mentions
    ]


def entity_span_scores(data: Path, analyser: TextAnalyser) -> dict[str, float]:
    """Return the exact-span scores of whole analyses on FiNER-ORD's validation part.

    Notes
    -----
    Sentences are sent as titles, documents as bodies; `apart` is text with one space between all tokens.
    """
    documents = read_documents(data / "entities" / "finer_ord_val.csv")
    return analysis_span_scores(documents, analyser)


def analysis_span_scores(documents: list[list[Sentence]], analyser: TextAnalyser) -> dict[str, float]:
    """Return the exact-span scores of whole analyses of labelled documents."""
    scores: dict[str, float] = {}
    for name, texts in layouts(documents).items():
        count = F1Count()
        inputs = [
            TextInput(named.text) if name.startswith("sentence") else TextInput("", body=named.text) for named in texts
        ]
        for named, analysis in zip(texts, _analysed(analyser, inputs), strict=True):
            count.add(named, mentioned_spans(analysis))
        scores |= count.scores(f"finer.{name}")
    return scores


def _analysed(analyser: TextAnalyser, inputs: list[TextInput]) -> Iterator[TextAnalysis]:
    for begin in range(0, len(inputs), _BATCH):
        yield from analyser.analyse(inputs[begin : begin + _BATCH])


def company_patterns(data: Path) -> dict[str, re.Pattern[str]]:
    """Return for each ticker of the market headlines a pattern of its company's name.

    Notes
    -----
    The rule is plain and knows nothing of the gazetteer: the company's name in the list of tickers without legal form
    and trade, as it stands or in capitals, at word borders. Names of one everyday word cannot be told so and are none
    here.
    """
    with (data / "market" / "tickers.csv").open(encoding="utf-8", newline="") as lines:
        names = {row["ticker"]: without_legal_form(row["company"].split(" (later")[0]) for row in csv.DictReader(lines)}
    patterns = {}
    for ticker, name in names.items():
        main = short_form(name) or name
        words = "|".join(re.escape(form) for form in sorted({main, main.upper(), main.title()}))
        patterns[ticker] = re.compile(rf"(?<![\w-])(?:{words})(?![\w-])")
    return patterns


def ticker_scores(data: Path, analyser: TextAnalyser) -> dict[str, float]:
    """Return how well headlines that name their company are linked to its ticker.

    Notes
    -----
    `recall`: the row's ticker is among those found. `top_precision`: the company of highest relevance bears the row's
    ticker. `set_precision`: the share of all tickers found that are the row's, which counts other companies that the
    headline rightly names as wrong.
    """
    patterns = company_patterns(data)
    named = sorted(
        {
            (ticker, title)
            for ticker, title, _ in headlines(data)
            if ticker in patterns and patterns[ticker].search(title)
        }
    )
    hits = found = top = with_top = 0
    for (ticker, _), analysis in zip(named, _analysed(analyser, [TextInput(title) for _, title in named]), strict=True):
        tickers = [entity.ticker for entity in analysis.entities if entity.ticker is not None]
        hits += ticker in tickers
        found += len(tickers)
        with_top += bool(tickers)
        top += tickers[:1] == [ticker]
    return {
        "ticker.headlines": float(len(named)),
        "ticker.recall": hits / len(named),
        "ticker.set_precision": hits / max(1, found),
        "ticker.top_precision": top / max(1, with_top),
    }
