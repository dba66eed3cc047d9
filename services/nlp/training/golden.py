"""Freezes the results of the shipped models on the golden corpus, at the end of every training."""

import json
from typing import get_args

from nlp.selfcheck import FROZEN, frozen_answers, frozen_row, golden_inputs, golden_texts, model_name
from nlp.tiers import Tier, load_analyser


def freeze_golden_answers() -> None:
    """Write the answers of both tiers, with the versions of their models, next to the corpus."""
    load_analyser.cache_clear()
    document = {}
    for tier in get_args(Tier):
        analyser = load_analyser(tier)
        analyses = analyser.analyse(golden_inputs())
        document[model_name(analyser.model_versions["sentiment"])] = {
            "model_versions": analyser.model_versions,
            "texts": {
                golden.id: frozen_row(analysis) for golden, analysis in zip(golden_texts(), analyses, strict=True)
            },
        }
    FROZEN.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    frozen_answers.cache_clear()
