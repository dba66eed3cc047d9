"""Event types are found by their patterns."""

import pytest

from nlp.analyser import TextAnalyser, TextInput
from nlp.entities.gazetteer import fold
from nlp.events.detection import EventModel
from nlp.events.patterns import event_types


@pytest.fixture(scope="module")
def events() -> EventModel:
    return EventModel()


@pytest.mark.parametrize(
    ("title", "event"),
    [
        ("Agilent beats Q2 estimates", "earnings_beat"),
        ("Agilent EPS falls short of expectations", "earnings_miss"),
        ("Nokia reports third-quarter results", "earnings_report"),
        ("Intel raises full-year guidance", "guidance_raised"),
        ("Intel slashes outlook", "guidance_cut"),
        ("Citi upgrades Alcoa to Buy", "analyst_upgrade"),
        ("Citi downgrades Alcoa", "analyst_downgrade"),
        ("UBS initiates coverage on Alcoa with Neutral", "analyst_initiation"),
        ("UBS maintains Alcoa at Buy", "analyst_reiteration"),
        ("UBS reiterates Market Perform on Alcoa", "analyst_reiteration"),
        ("Alcoa reaffirmed at Neutral", "analyst_reiteration"),
        ("UBS raises price target on Alcoa to $50", "price_target_raised"),
        ("UBS lowers Alcoa PT to $30", "price_target_cut"),
        ("Merck to acquire a biotech for $3 billion", "merger_or_acquisition"),
        ("GE to spin off its health unit", "divestiture"),
        ("Ford and VW form joint venture", "joint_venture"),
        ("Pfizer raises quarterly dividend", "dividend_raised"),
        ("AT&T cuts dividend", "dividend_cut"),
        ("Pfizer declares dividend of $0.42", "dividend_declared"),
        ("Apple announces share buyback", "share_buyback"),
        ("Plug prices public offering of stock", "share_offering"),
        ("Reddit files for IPO", "initial_public_offering"),
        ("Nvidia announces 10-for-1 stock split", "stock_split"),
        ("FDA approves Merck drug", "regulatory_approval"),
        ("FDA rejects Merck drug", "regulatory_rejection"),
        ("Drug meets primary endpoint in phase 3 trial", "clinical_trial_success"),
        ("Drug fails phase 3 trial", "clinical_trial_failure"),
        ("Toyota recalls 1 million cars", "product_recall"),
        ("Sony unveils new console", "product_launch"),
        ("Epic sues Apple", "lawsuit"),
        ("Bank settles charges for $10 million", "legal_settlement"),
        ("SEC investigates accounting", "investigation"),
        ("Disney names new CEO", "executive_appointment"),
        ("Boeing CEO to step down", "executive_departure"),
        ("Cisco to cut 4,000 jobs", "layoffs"),
        ("Pilots union votes to strike", "labour_dispute"),
        ("Lockheed wins $2 billion contract", "contract_award"),
        ("Retailer files for Chapter 11", "bankruptcy"),
        ("Moody's cuts rating of the utility", "credit_rating_change"),
        ("Trading in the shares halted", "trading_halt"),
        ("Stocks that hit 52-week highs on Friday", "high_52_week"),
        ("Shares at 52 week low", "low_52_week"),
        ("Hackers steal data in ransomware attack", "cyber_incident"),
        ("US imposes tariffs on steel", "tariff_or_sanction"),
        ("Fed hikes rates", "monetary_policy"),
        ("US GDP grew 2.1% in Q3", "economic_data"),
    ],
)
def test_a_headline_of_each_type_is_recognised(events: EventModel, title: str, event: str) -> None:
    assert event in {found.type for found in events.find(fold(title), "")}


def test_a_failure_is_not_also_a_success(events: EventModel) -> None:
    found = {event.type for event in events.find("drug fails to meet the endpoint of its phase 3 trial", "")}

    assert "clinical_trial_failure" in found
    assert "clinical_trial_success" not in found


def test_an_ordinary_sentence_has_no_event(events: EventModel) -> None:
    assert events.find("the company has offices in helsinki and oslo", "") == []


def test_there_are_enough_types_and_each_says_what_it_means() -> None:
    types = event_types()

    assert len(types) >= 25
    assert len({event.type for event in types}) == len(types)
    assert all(event.description and event.patterns for event in types)


def test_the_title_counts_more_than_the_body(events: EventModel) -> None:
    (in_title,) = events.find("citi downgrades alcoa", "")
    (in_body,) = events.find("a note", "citi downgrades alcoa")

    assert in_title.score > in_body.score


def test_a_company_named_target_that_cuts_is_no_price_target(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput("Target to cut jobs")])

    assert [event.type for event in analysis.events] == ["layoffs"]


@pytest.mark.parametrize(
    "title",
    [
        "Fed keeps rates on hold",
        "ECB maintains neutral stance on rates",
        "Acme maintains plan to buy back shares",
        "Acme reaffirms full-year guidance",
        "Moody's affirms ratings of Acme",
    ],
)
def test_what_is_kept_but_no_rating_is_no_reiteration(events: EventModel, title: str) -> None:
    assert "analyst_reiteration" not in {event.type for event in events.find(fold(title), "")}


def test_a_kept_rating_comes_after_what_changes(events: EventModel) -> None:
    alone = events.find(fold("UBS maintains Alcoa at Buy"), "")
    beside = events.find(fold("UBS maintains Alcoa at Buy, raises PT to $50"), "")

    assert [event.type for event in beside] == ["price_target_raised", "analyst_reiteration"]
    assert beside[1].score < alone[0].score
