"""Events say who takes which part, how much it is about, and whether the text denies or only suggests them."""

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts import EventScore
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput

_HEADLINES: list[dict[str, Any]] = [
    row
    for name in ("event_headlines.toml", "wire_headlines.toml")
    for row in tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))["headline"]
]


def events_of(analyser: TextAnalyser, title: str, body: str = "") -> dict[str, EventScore]:
    (analysis,) = analyser.analyse([TextInput(title, body=body)])
    return {event.type: event for event in analysis.events}


@pytest.mark.parametrize("row", _HEADLINES, ids=lambda row: f"{row['event']}: {row['title'][:40]}")
def test_a_headline_is_read_as_a_careful_reader_would(analyser: TextAnalyser, row: dict[str, Any]) -> None:
    event = events_of(analyser, row["title"])[row["event"]]

    assert [[role.role, role.ticker or role.name] for role in event.roles] == row["roles"]
    wire = [magnitude.model_dump(exclude_none=True, exclude={"span"}) for magnitude in event.magnitudes]
    assert wire == row["magnitudes"]
    assert (event.negated, event.hedged) == (row.get("negated", False), row.get("hedged", False))


def test_every_span_is_the_text_at_its_place(analyser: TextAnalyser) -> None:
    title = "Goldman raises Tesla PT to $300 from $250"
    body = "Nothing else is new. Later, Pfizer declares dividend of $0.42 per share."
    (analysis,) = analyser.analyse([TextInput(title, body=body)])
    texts = {"title": title, "body": body}

    spans = [part.span for event in analysis.events for part in [*event.roles, *event.magnitudes]]

    assert {span.field for span in spans} == {"title", "body"}
    assert all(texts[span.field][span.start : span.end] == span.text for span in spans)


def test_an_event_of_the_body_takes_its_roles_from_its_own_sentence(analyser: TextAnalyser) -> None:
    event = events_of(analyser, "A note on Apple", "Tesla is quiet. Pfizer declares dividend of $0.42 per share. End.")[
        "dividend_declared"
    ]

    assert [role.ticker for role in event.roles] == ["PFE"]
    assert [magnitude.value for magnitude in event.magnitudes] == [0.42]


def test_a_denied_event_scores_far_lower_than_a_stated_one(analyser: TextAnalyser) -> None:
    stated = events_of(analyser, "Apple plans to buy back shares")["share_buyback"]
    denied = events_of(analyser, "Apple has no plans to buy back shares")["share_buyback"]

    assert (stated.negated, denied.negated) == (False, True)
    assert denied.score < 0.3 < stated.score


def test_what_is_denied_here_and_stated_there_is_stated(analyser: TextAnalyser) -> None:
    event = events_of(analyser, "Apple denies takeover talks; Microsoft to acquire Twilio")["merger_or_acquisition"]

    assert not event.negated


@pytest.mark.parametrize(
    ("title", "event"),
    [
        ("Intel Q2 EPS $0.52 vs $0.55 Est", "earnings_miss"),
        ("Intel Q2 EPS $0.58 vs $0.55 Est", "earnings_beat"),
    ],
)
def test_earnings_beside_their_estimate_make_a_beat_or_miss(analyser: TextAnalyser, title: str, event: str) -> None:
    found = events_of(analyser, title)

    assert event in found
    assert found[event].score < found["earnings_report"].score


def test_earnings_as_expected_are_neither_beat_nor_miss(analyser: TextAnalyser) -> None:
    assert not {"earnings_beat", "earnings_miss"} & events_of(analyser, "Intel Q2 EPS $0.55 vs $0.55 Est").keys()


def test_a_news_agency_is_no_broker(analyser: TextAnalyser) -> None:
    event = events_of(analyser, "Benzinga's Top Upgrades")["analyst_upgrade"]

    assert event.roles == []


@pytest.mark.parametrize(
    "text",
    [
        "Apple buys " + "1" * 50_000,
        "acquires " + "$1" * 50_000,
        "EPS " + "$1.1-" * 20_000,
        "Acme Corp " * 5_000 + "acquires Apple",
        "raises PT " + "may " * 30_000,
    ],
    ids=range(5),
)
def test_hostile_numbers_and_names_are_answered_quickly(analyser: TextAnalyser, text: str) -> None:
    begun = time.process_time()

    analyser.analyse([TextInput(text), TextInput("News", body=text)])

    assert time.process_time() - begun < 2.0


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(
        st.sampled_from(
            ["Apple ", "acquires ", "to ", "$5B ", "EPS ", "vs ", "$1-2 ", "(", ")", "raises PT ", "from ", "no ",
             "may ", "sues ", "CEO ", "Jane ", "resigns ", "İ ", "; ", ", ", "? ", "12% ", "stake in ", "K ", "-$.5"]
        ),
        max_size=30,
    )
)  # fmt: skip
def test_any_mixture_of_event_words_gives_true_spans(analyser: TextAnalyser, pieces: list[str]) -> None:
    text = "".join(pieces)
    (analysis,) = analyser.analyse([TextInput(text, body=text)])

    for event in analysis.events:
        for part in [*event.roles, *event.magnitudes]:
            assert text[part.span.start : part.span.end] == part.span.text
