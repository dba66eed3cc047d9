"""What falls decides whether a fall is good: headlines in pairs, written for this test and in no training set."""

from nlp.text_input import TextInput
from nlp.tiers import load_analyser

# (good news, bad news)
PAIRS = (
    ("Siemens narrows its full-year net loss", "Siemens' full-year net loss widens"),
    ("Losses at Peloton shrank in the fourth quarter", "Losses at Peloton grew in the fourth quarter"),
    ("US weekly jobless claims drop to lowest since May", "US weekly jobless claims climb to highest since May"),
    ("Ryanair's fuel costs fell 12% last quarter", "Ryanair's fuel costs jumped 12% last quarter"),
    ("Ford reduces its pension deficit", "Ford's pension deficit increases"),
    ("Non-performing loans at Wells Fargo declined", "Non-performing loans at Wells Fargo increased"),
    ("Unemployment in Spain falls to 15-year low", "Unemployment in Spain rises to 15-year high"),
    ("Boeing pays down $3 billion of debt", "Boeing takes on $3 billion of debt"),
    ("Telefonica's net debt decreased to EUR 27 billion", "Telefonica's net debt increased to EUR 27 billion"),
    ("Bad debt provisions at HSBC drop by half", "Bad debt provisions at HSBC double"),
    ("Pfizer trims operating expenses", "Pfizer operating expenses balloon"),
    ("Britain's budget deficit shrinks", "Britain's budget deficit grows"),
    ("Netflix churn hits record low", "Netflix churn hits record high"),
    ("Tesla warranty claims decrease", "Tesla warranty claims increase"),
    ("Intel does not plan further job cuts", "Intel plans further job cuts"),
    ("Uber no longer loses money", "Uber still loses money"),
    ("Deutsche Bank escapes penalty", "Deutsche Bank hit with penalty"),
    ("Judge throws out suit against Apple", "Judge lets suit against Apple proceed"),
    ("SEC ends investigation of Carvana without action", "SEC opens investigation of Carvana"),
    ("FDA lifts clinical hold on Vertex trial", "FDA puts clinical hold on Vertex trial"),
    ("Merck's drug met its main goal", "Merck's drug did not meet its main goal"),
    ("Kohl's finds a buyer", "Kohl's fails to find a buyer"),
    ("Disney sees streaming profit this year", "Disney no longer sees streaming profit this year"),
    ("GM will meet its electric vehicle target", "GM will not meet its electric vehicle target"),
    ("Credit card delinquencies ease at Capital One", "Credit card delinquencies rise at Capital One"),
)


def test_the_deep_tier_tells_a_welcome_fall_from_a_bad_one() -> None:
    analyser = load_analyser("deep")
    good, bad = (
        [found.sentiment.score for found in analyser.analyse([TextInput(text) for text in texts])]
        for texts in zip(*PAIRS, strict=True)
    )

    # Measured:
    assert sum(one > other for one, other in zip(good, bad, strict=True)) >= 23
    assert sum(score > 0 for score in good) >= 19
    assert sum(score < 0 for score in bad) >= 22
