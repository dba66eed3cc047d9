"""Freezes the distribution of the shipped models' scores on news without training labels."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from nlp.drift import REFERENCE_FILE, ScoreReference, score_references
from nlp.selfcheck import model_name
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput
from nlp.tiers import Tier, load_analyser
from nlp.training.corpora import headlines

_N_BINS = 10


def measured_reference(scores: Sequence[float]) -> ScoreReference:
    """Return the deciles of `scores` and what share of them lies in each bin; equal deciles make one bin.

    Raises
    ------
    ValueError
        When there are fewer scores than bins.
    """
    if len(scores) < _N_BINS:
        raise ValueError(f"{len(scores)} scores are too few for a reference of {_N_BINS} bins.")
    ordered = sorted(scores)
    edges = sorted({round(ordered[len(ordered) * part // _N_BINS], 4) for part in range(1, _N_BINS)})
    counts = [0] * (len(edges) + 1)
    for score in ordered:
        counts[bisect_right(edges, score)] += 1
    return ScoreReference(tuple(edges), tuple(round(count / len(ordered), 6) for count in counts), len(ordered))


def scores_of(analyser: TextAnalyser, texts: Sequence[str]) -> list[float]:
    """Return the scores of the texts on which the analyser does not abstain."""
    analyses = analyser.analyse([TextInput(text) for text in texts])
    return [analysis.sentiment.score for analysis in analyses if not analysis.abstained]


def reference_texts(data: Path) -> list[str]:
    """Return the market headlines under `data`, each once: no label of them was ever learned."""
    return sorted({title for _, title, _ in headlines(data)})


def freeze_score_reference(texts: Sequence[str], tier: Tier = "fast", file: Path = REFERENCE_FILE) -> ScoreReference:
    """Write how the shipped model of `tier` scores `texts`, in the place of that tier's former version; return it."""
    load_analyser.cache_clear()
    analyser = load_analyser(tier)
    reference = measured_reference(scores_of(analyser, texts))
    version = analyser.model_versions["sentiment"]
    name = model_name(version)
    document = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    kept = {other: row for other, row in document.items() if model_name(other) != name}
    kept[version] = {"edges": reference.edges, "shares": reference.shares, "n_texts": reference.n_texts}
    file.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n", encoding="utf-8")
    score_references.cache_clear()
    return reference
