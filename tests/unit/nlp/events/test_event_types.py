"""Event types are found by their patterns."""

import pytest

from nlp.entities.gazetteer import fold
from nlp.events.detection import EventModel
from nlp.events.patterns import event_types
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput


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
        ("Acme reaffirms full-year guidance", "guidance_issued"),
        ("Acme joins the S&P 500", "index_change"),
        ("Nasdaq moves to delist Acme", "delisting"),
        ("Short seller alleges fraud at Acme", "short_seller_report"),
        ("Acme to restate results for two years", "restatement"),
        # The forms of the wires.
        ("Acme swings to quarterly loss", "earnings_report"),
        ("Acme half-year profit falls 14%", "earnings_report"),
        ("Acme posts narrower-than-expected loss", "earnings_beat"),
        ("Acme posts surprise loss", "earnings_miss"),
        ("Acme reports EPS of $1.34, missing views", "earnings_miss"),
        ("Acme outlook raised for 2026", "guidance_raised"),
        ("Acme sees Q2 revenue below estimates", "guidance_cut"),
        ("Acme lowers passenger target", "guidance_cut"),
        ("Citi raises Alcoa to buy from hold", "analyst_upgrade"),
        ("Citi cuts Alcoa to 'sell'", "analyst_downgrade"),
        ("Citi starts Alcoa at Buy", "analyst_initiation"),
        ("Acme to buy Widget", "merger_or_acquisition"),
        ("Acme to be bought by Widget", "merger_or_acquisition"),
        ("Acme to take Widget private", "merger_or_acquisition"),
        ("Acme snaps up Widget in $3 billion deal", "merger_or_acquisition"),
        ("Acme buys Widget for 300 million euros", "merger_or_acquisition"),
        ("Acme splits into two companies", "divestiture"),
        ("Acme offloads its paint business", "divestiture"),
        ("Acme halves dividend", "dividend_cut"),
        ("Acme launches $2 billion share sale", "share_offering"),
        ("Acme approves three-for-one split", "stock_split"),
        ("Acme drug gets FDA go-ahead", "regulatory_approval"),
        ("Acme drug application denied", "regulatory_rejection"),
        ("EU blocks merger of two ferry lines", "regulatory_rejection"),
        ("Acme drug beats rival in phase 3 trial", "clinical_trial_success"),
        ("Acme scraps obesity pill", "clinical_trial_failure"),
        ("Jury orders Acme to pay $5 million", "legal_settlement"),
        ("Acme boss quits", "executive_departure"),
        ("Acme poaches rival's Jane Roe as CFO", "executive_appointment"),
        ("Acme sheds 2,000 positions", "layoffs"),
        ("Cabin crew walk off the job", "labour_dispute"),
        ("Acme to supply Widget with chips", "contract_award"),
        ("Acme orders 20 jets", "contract_award"),
        ("Acme falls into administration", "bankruptcy"),
        ("Acme secures $2 billion loan", "debt_financing"),
        ("Acme cut to junk by Fitch", "credit_rating_change"),
        ("Acme suspends trading", "trading_halt"),
        ("Acme rockets 12%", "price_rise"),
        ("Acme tanks 12%", "price_fall"),
        ("Cargo plane crashes", "accident_or_disaster"),
        ("Acme rebuffs $4 billion approach", "merger_or_acquisition"),
        ("Acme demerges its tea business", "divestiture"),
        ("FDA panel votes against Acme drug", "regulatory_rejection"),
        ("Acme must pay $90 million in patent case", "legal_settlement"),
        ("Italy fines Acme 40 million euros", "legal_settlement"),
        ("Swiss National Bank cuts rates to zero", "monetary_policy"),
        ("Acme gains 5%", "price_rise"),
        ("Acme withdraws its medium-term targets", "guidance_cut"),
        ("Yacht builder goes bust", "bankruptcy"),
        ("Euro zone inflation eases to 2.1%", "economic_data"),
        ("China imposes 15% duties on coal", "tariff_or_sanction"),
        ("US private sector added 54,000 jobs", "economic_data"),
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
    ("title", "event"),
    [
        ("Three stocks to buy now", "merger_or_acquisition"),
        ("Acme upgraded to buy from hold", "merger_or_acquisition"),
        ("Fund manager to buy back shares for $3 million", "merger_or_acquisition"),
        ("Turkish airline to buy Boeing jets", "merger_or_acquisition"),
        ("Acme profit falls 14%", "price_fall"),
        ("Jobless rate climbs to 4.3%", "price_rise"),
        ("Acme Q4 net jumps 91%", "price_rise"),
        ("Acme launches share sale to shore up its finances", "price_rise"),
        ("Acme launches $3 billion share buyback", "product_launch"),
        ("Acme launches phase 2 trial", "product_launch"),
        ("Acme cuts FY26 revenue outlook", "earnings_report"),
        ("Acme shares fall after sales slump", "earnings_report"),
        ("Citi cuts Alcoa to 'sell', PT $20", "price_target_cut"),
        ("Acme lowers traffic target", "price_target_cut"),
        ("Citi maintains Hold on UPS, lowers target", "price_target_raised"),
        ("FDA lifts clinical hold on Acme drug", "regulatory_rejection"),
        ("FDA delays decision on Acme drug approval", "regulatory_approval"),
        ("S&P affirms Acme; outlook raised to positive", "guidance_raised"),
        ("Moody's upgrades Acme", "analyst_upgrade"),
        ("S&P 500 slips as rating of banks is cut", "credit_rating_change"),
        ("Acme signs agreement to acquire Widget", "contract_award"),
        ("Traders close short positions, cut long positions", "layoffs"),
    ],
)
def test_a_headline_that_only_looks_like_it_is_not_taken_for_it(events: EventModel, title: str, event: str) -> None:
    assert event not in {found.type for found in events.find(fold(title), "")}


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
