"""The tiers of the sentiment model, one behind another's interface; `NLP_MODEL` chooses."""

from functools import cache
from typing import Literal

from nlp.analyser import TextAnalyser
from nlp.sentiment import FastSentiment

Tier = Literal["fast"]


@cache
def load_analyser(tier: Tier) -> TextAnalyser:
    """Return the analyser of the named tier with its shipped artefacts, checked by hash.

    Notes
    -----
    Loaded once a process: apps that share one also share the models, which are never changed.

    Raises
    ------
    ArtefactError
        When an artefact is missing or damaged: a service with a wrong model must not start.
    """
    loaders = {"fast": FastSentiment.load}
    return TextAnalyser.load(loaders[tier]())
