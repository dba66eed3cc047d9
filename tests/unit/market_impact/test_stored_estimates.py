"""What is stored of an estimate stays what it was, digit by digit, for known prices and known past events."""

import json

from tests.unit.market_impact.stored_estimates import STORED, as_text, stored_now


def test_stored_estimates_stay_what_they_were() -> None:
    expected = json.loads(STORED.read_text(encoding="utf-8"))

    assert stored_now() == expected, "if this is intended: raise MODEL_VERSION and run `make stored-estimates`"


def test_the_file_is_what_the_command_writes() -> None:
    text = STORED.read_text(encoding="utf-8")

    assert as_text(json.loads(text)) == text
