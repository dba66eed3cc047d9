"""The tiers of the sentiment and name models, behind one interface; `NLP_MODEL` selects one.

The settings name the tiers, and are read where no library of NLP is (`mia keys` in the image of another service): what
loads models is imported only to load them.
"""

from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from nlp.entities.tagging.labels import NameTagger
    from nlp.sentiment.tier import SentimentTier
    from nlp.text_analyser import TextAnalyser

Tier = Literal["fast", "deep"]


@cache
def load_analyser(tier: Tier) -> "TextAnalyser":
    """Return the analyser of the named tier with its shipped artefacts, checked by hash.

    Notes
    -----
    Loaded once a process: apps that share one also share the models, which are never changed.

    Raises
    ------
    ArtefactError
        When an artefact is missing or damaged: a service with a wrong model must not start.
    """
    from nlp.text_analyser import TextAnalyser  # noqa: PLC0415

    return TextAnalyser.load(*_load(tier))


def _load(tier: Tier) -> tuple["SentimentTier", "NameTagger"]:
    if tier == "fast":
        from nlp.entities.tagging.linear import EntityTagger  # noqa: PLC0415
        from nlp.sentiment.fast import FastSentiment  # noqa: PLC0415

        return FastSentiment.load(), EntityTagger.load()
    # A service of the fast tier neither needs nor imports the libraries of the deep one: 0.1 s and 60 MB.
    from nlp.entities.tagging.layered import LayeredTagger  # noqa: PLC0415
    from nlp.sentiment.deep import DeepSentiment  # noqa: PLC0415

    return DeepSentiment.load(), LayeredTagger.load()
