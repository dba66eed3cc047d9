"""`Analysis`: what the previous release wrote still parses, and the names on the wire survive a round trip."""

from pathlib import Path

from common.contracts import Analysis, EventRole, EventScore, Magnitude, Span

_BEFORE = Path(__file__).with_name("analysis_without_event_details.json").read_text(encoding="utf-8")


def test_an_analysis_of_the_release_before_still_parses() -> None:
    analysis = Analysis.model_validate_json(_BEFORE)

    assert [event.type for event in analysis.stated_events()] == ["analyst_downgrade", "price_target_cut"]
    assert all((event.roles, event.magnitudes, event.negated) == ([], [], False) for event in analysis.events)
    assert not any(span.hedged for span in analysis.evidence)


def test_old_and_new_values_are_called_from_and_to_on_the_wire() -> None:
    span = Span(field="title", start=0, end=3, text="$50")
    event = EventScore(
        type="price_target_raised",
        score=0.9,
        roles=[EventRole(role="broker", name="Citi", span=span)],
        magnitudes=[Magnitude(kind="price_target", value=50.0, unit="USD", from_=45.0, to=50.0, span=span)],
    )
    analysis = Analysis.model_validate_json(_BEFORE).model_copy(update={"events": [event]})

    document = analysis.model_dump_json()

    assert '"from":45.0,"to":50.0' in document
    assert Analysis.model_validate_json(document) == analysis


def test_a_denied_event_is_no_stated_one() -> None:
    denied = EventScore(type="share_buyback", score=0.2, negated=True)
    analysis = Analysis.model_validate_json(_BEFORE).model_copy(update={"events": [denied]})

    assert analysis.stated_events() == []
