"""Topics of the two taxonomies."""

import pytest

from nlp.events.patterns import event_types
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput
from nlp.topics.market import MarketTopicModel, market_topics

ALPHA_VANTAGE = {
    "blockchain", "earnings", "economy_fiscal", "economy_macro", "economy_monetary", "energy_transportation", "finance",
    "financial_markets", "ipo", "life_sciences", "manufacturing", "mergers_and_acquisitions", "real_estate",
    "retail_wholesale", "technology",
}  # fmt: skip


def test_the_taxonomy_covers_alpha_vantage_and_more() -> None:
    topics = market_topics()

    assert {topic.alpha_vantage for topic in topics if topic.alpha_vantage} == ALPHA_VANTAGE
    assert len(topics) >= 20


@pytest.mark.parametrize(
    ("title", "topic"),
    [
        ("bitcoin slides below 30,000 dollars", "blockchain"),
        ("fed raises interest rates", "economy_monetary"),
        ("us unemployment rate falls", "economy_macro"),
        ("fda approves cancer drug", "life_sciences"),
        ("oil rises as opec cuts output", "energy_transportation"),
        ("company files for ipo", "ipo"),
        ("citi downgrades alcoa, cuts price target", "analyst_ratings"),
        ("retailer files for chapter 11 bankruptcy", "bankruptcy_and_credit"),
    ],
)
def test_a_headline_gets_its_topic_first(title: str, topic: str) -> None:
    assert MarketTopicModel().classify(title, "")[0].topic == topic


def test_the_sector_of_the_company_alone_is_not_enough() -> None:
    assert MarketTopicModel().classify("a quiet day", "", ["Financials"]) == []


def test_an_event_of_the_headline_brings_its_topic_and_adds_nothing_to_its_cues() -> None:
    model = MarketTopicModel()
    without_cues = model.classify("acme bought by widget", "", of_events=["mergers_and_acquisitions"])
    with_cues = [
        model.classify("takeover of acme", "", of_events=topics)[0].score
        for topics in ([], ["mergers_and_acquisitions"])
    ]

    assert [topic.topic for topic in without_cues] == ["mergers_and_acquisitions"]
    assert with_cues[0] == with_cues[1] > without_cues[0].score


def test_a_deal_that_no_cue_tells_of_is_on_deals(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput("Splunk bought by Cisco for $157 a share")])

    assert "mergers_and_acquisitions" in {topic.topic for topic in analysis.topics}


def test_every_topic_of_an_event_is_in_the_taxonomy() -> None:
    known = {topic.code for topic in market_topics()}

    assert {event.topic for event in event_types() if event.topic is not None} <= known


def test_reuters_codes_are_given_on_request(analyser: TextAnalyser) -> None:
    text = TextInput(
        "GRAIN EXPORTS RISE",
        body="Wheat and corn exports rose, the department of agriculture said.",
        taxonomy="reuters",
    )

    (analysis,) = analyser.analyse([text])

    assert {"grain", "wheat", "corn"} & {topic.topic for topic in analysis.topics}
