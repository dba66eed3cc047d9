"""Freezing of what the shipped models say about the golden corpus; done at the end of every training."""

import json

from nlp.selfcheck import FROZEN, frozen_row, golden_inputs, golden_texts
from nlp.tiers import load_analyser


def freeze_golden_answers() -> None:
    """Write the answers of the shipped models, with their versions, next to the corpus."""
    load_analyser.cache_clear()
    analyser = load_analyser("fast")
    analyses = analyser.analyse(golden_inputs())
    texts = {golden.id: frozen_row(analysis) for golden, analysis in zip(golden_texts(), analyses, strict=True)}
    document = {"model_versions": analyser.model_versions, "texts": texts}
    FROZEN.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
