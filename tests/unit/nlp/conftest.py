"""The shipped models, loaded once for the unit tests of NLP."""

import pytest

from nlp.text_analyser import TextAnalyser
from nlp.tiers import load_analyser


@pytest.fixture(scope="session")
def analyser() -> TextAnalyser:
    return load_analyser("fast")
