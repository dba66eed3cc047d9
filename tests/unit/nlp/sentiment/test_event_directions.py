"""What happens to a company has a direction: headlines written for this test, their forms in no training text."""

from nlp.text_input import TextInput
from nlp.tiers import load_analyser

GOOD = (
    "Broadcom authorises repurchase of shares worth $10 billion",
    "Chipotle plans 50-for-1 split of its stock",
    "CrowdStrike gets a place in the S&P 500",
    "Costco hands shareholders an extra payout of $15 a share",
    "Booking Holdings pays its first dividend ever",
    "European regulator recommends Novo Nordisk's obesity shot",
    "Vertex pain drug gets green light from US regulator",
    "Roche breast cancer pill extends survival in big study",
    "Rheinmetall lands Bundeswehr ammunition order worth 8.5 billion euros",
    "Air India to take 100 more Airbus planes",
    "Analysts turn positive on Nike, see turnaround",
    "Pershing Square reveals holding in Hilton",
    "Kellanova receives rich buyout proposal",
    "Delta sees stronger summer, lifts profit goal",
    "Fitch takes Petrobras out of junk",
    "Appeals panel tosses $8 billion verdict against J&J",
    "Coinbase freed from SEC case",
    "Dockworkers approve contract, ports reopen",
    "Intel gets $8.5 billion of chip subsidies",
    "Spotify posts first annual profit, users jump",
)
BAD = (
    "Party City seeks protection from creditors",
    "WeWork says it may not survive the year",
    "Toyota calls back 1.1 million cars over sensor",
    "Abbott takes baby formula off shelves after illnesses",
    "ADM to revise past results after accounting probe",
    "PwC walks away as auditor of Evergrande",
    "Lordstown faces expulsion from Nasdaq",
    "Etsy is leaving the S&P 500 next week",
    "AMC carries out one-for-ten reverse split",
    "Short seller calls Roblox numbers inflated",
    "US regulator turns down Sarepta gene therapy",
    "Biogen stroke drug flops in study",
    "Rivian to raise $1.5 billion in convertible notes and shares",
    "3M slashes its payout after six decades",
    "Cisco to shed 7% of its people",
    "Finance boss of Kraft Heinz is out",
    "Boeing debt sinks to a notch above junk",
    "Bayer books 10 billion euro charge on Monsanto",
    "Brussels slaps 1.8 billion euro penalty on Apple",
    "Change Healthcare paralysed by cyberattack",
    "Hershey sees no growth next year, shares tumble",
)
# (text, better off, worse off)
OF_TWO = (
    ("Lockheed snatches fighter deal from Boeing", "Lockheed", "Boeing"),
    ("AMD chips away at Intel's lead in servers", "AMD", "Intel"),
    ("Coca-Cola climbs, PepsiCo drops after results", "Coca-Cola", "PepsiCo"),
    ("Netflix adds users that Disney loses", "Netflix", "Disney"),
    ("Judge backs Nokia in royalty fight with Amazon", "Nokia", "Amazon"),
    ("UBS favours Ford, turns cautious on Tesla", "Ford", "Tesla"),
    ("Airbus deliveries outpace Boeing's again", "Airbus", "Boeing"),
    ("Uber gains from Lyft's troubles", "Uber", "Lyft"),
)


def test_events_are_labelled_by_their_direction() -> None:
    analyser = load_analyser("deep")
    good, bad = (
        [found.sentiment for found in analyser.analyse([TextInput(text) for text in texts])] for texts in (GOOD, BAD)
    )

    # Measured: 20 of 41 labelled so, 2 the other way; 37 scores on their side.
    right = [found.label == "positive" for found in good] + [found.label == "negative" for found in bad]
    wrong = [found.label == "negative" for found in good] + [found.label == "positive" for found in bad]
    sides = [found.score > 0 for found in good] + [found.score < 0 for found in bad]
    assert sum(right) >= 18
    assert sum(wrong) <= 3
    assert sum(sides) >= 35


def test_what_one_wins_the_other_loses() -> None:
    analyser = load_analyser("deep")
    winners, losers = (
        [found.sentiment.score for found in analyser.analyse([TextInput(text, entity=name) for text, name in asked])]
        for asked in ([(row[0], row[side]) for row in OF_TWO] for side in (1, 2))
    )

    # Measured: 7 of 8.
    assert sum(one > other for one, other in zip(winners, losers, strict=True)) >= 6
