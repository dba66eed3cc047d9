"""Companies listed abroad are known by name and by their listing, and take no symbol from American ones."""

import csv
from collections import Counter
from datetime import date

import pytest

from nlp.entities.gazetteer import AliasKind, KnownEntity, listing
from nlp.entities.linking import Linker
from nlp.entities.resolution import resolve
from nlp.text_analyser import TextAnalyser
from nlp.training.entities.draft import GazetteerDraft
from nlp.training.entities.world_companies import FILE, add_world_companies


@pytest.fixture
def linker(analyser: TextAnalyser) -> Linker:
    return analyser.linker


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def linked(linker: Linker, title: str, tickers: tuple[str, ...] = ()) -> set[tuple[str | None, str | None]]:
    found = linker.link([("title", title)], tickers, date(2026, 3, 2))
    return {(one.entity.ticker, one.entity.mic) for one in found if one.entity.type == "company"}


@pytest.mark.parametrize(
    ("title", "ticker"),
    [
        ("Rolls-Royce lifts its forecast after a strong half", "RYCEY"),
        ("Burberry shares slide as tourists stay away", "BRBY"),
        ("Maersk reroutes ships around the Cape", "MAERSK-B"),
        ("Samsung Electronics to spend more on memory chips", "005930"),
        ("Lufthansa pilots call off their strike", "DLAKY"),
        ("Nestle names a new chairman", "NSRGY"),
        ("L\u2019Oréal buys a maker of perfumes", "LRLCY"),
        ("Siemens Energy raises its outlook", "SMNEY"),
        ("Tata Motors sales climb 8%", "TATAMOTORS"),
        ("Reliance Industries to list its retail arm", "RELIANCE"),
        ("Quarterly profit at NAB falls", "NAB"),
        ("Orange shares gain after results", "FNCTF"),
        ("JetBlue cancels flights", "JBLU"),
        ("Chipotle raises prices again", "CMG"),
        ("Booking shares gain after results", "BKNG"),
        ("Arm shares jump on licence income", "ARM"),
        ("Skechers to be taken private", "SKX"),
        ("Canadian National raises its dividend", "CNI"),
        ("Analysts expect American Eagle to cut prices", "AEO"),
        ("Southwest adds flights to Denver as profit grows", "LUV"),
        ("Trump Media posts a loss", "DJT"),
        ("HP Enterprise wins a contract", "HPE"),
        ("ADM cuts its profit forecast", "ADM"),
        ("D.R. Horton orders rise", "DHI"),
    ],
)
def test_a_company_is_linked_by_the_name_of_headlines(linker: Linker, title: str, ticker: str) -> None:
    assert ticker in {found for found, _ in linked(linker, title)}


@pytest.mark.parametrize(
    "title",
    [
        "The arm of the law is long",
        "Booking a profit is never wrong",
        "Traders look ahead to next week",
        "Next year will be harder, economists say",
        "Orange juice futures fall",
        "A shell company in Delaware is charged",
        "Police nab two men after a robbery",
        "Hospitals carrier screening guidelines change",
        "Sage advice for first-time buyers",
        "Leonardo DiCaprio to star in a new film",
        "India raises Indian oil imports from Russia",
        "Thousands came to South by Southwest",
        "The Southwest is drying out, study says",
        "Charter flights to the island resume",
        "The Canadian national team wins gold",
        "Voters wait in the long line of the next election",
        "Envoys of Seoul met Mr Bae for talks on trade",
        "Retired Adm. Jane Roe joins the panel",
    ],
)
def test_everyday_words_are_no_companies(linker: Linker, title: str) -> None:
    assert linked(linker, title) == set()


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("A jet maker (LON: RR) rises", ("RYCEY", "OTCM")),
        ("A robot maker (NASDAQ: RR) rises", ("RR", "XNAS")),
        ("An oil major (LON: BP.) rises", ("BP", "XNYS")),
        ("A chip maker (KRX: 005930) rises", ("005930", "XKRX")),
        ("A car maker (TSE: 7203) rises", ("TM", "XNYS")),
        ("A lender (HKG: 5) rises", ("HSBC", "XNYS")),
        ("A steel maker (NSE: TATASTEEL) rises", ("TATASTEEL", "XNSE")),
        ("A shipper (CPH: MAERSK-B) rises", ("MAERSK-B", "XCSE")),
        ("A miner (LON: ZZZZ) rises", ("ZZZZ", "XLON")),
        ("$RR rises", ("RR", "XNAS")),
        ("$SAP rises", ("SAP", "XNYS")),
        ("$V rises", ("V", "XNYS")),
        ("$T rises", ("T", "XNYS")),
    ],
)
def test_a_symbol_is_read_on_its_market(linker: Linker, title: str, expected: tuple[str, str]) -> None:
    assert linked(linker, title) == {expected}


def test_a_symbol_known_abroad_only_is_that_of_the_company_that_the_text_names(linker: Linker) -> None:
    found = linker.link([("title", "Burberry sells more coats")], ("BRBY",))

    assert [(one.entity.name, one.is_given) for one in found] == [("Burberry", True)]


def test_a_symbol_with_its_exchange_is_resolved(linker: Linker) -> None:
    gazetteer = linker.gazetteer

    assert resolve(gazetteer, "LON: RR").candidates[0].entity.ticker == "RYCEY"
    assert resolve(gazetteer, "NASDAQ: RR").candidates[0].entity.ticker == "RR"
    assert resolve(gazetteer, "LON: ZZZZ").candidates == ()


def test_no_company_is_known_twice(linker: Linker) -> None:
    names = Counter(
        entity.name.lower()
        for entity in linker.gazetteer.entities.values()
        if entity.type == "company" and entity.ticker
    )

    assert [row["name"] for row in rows() if names[row["name"].lower()] > 1 and row["name"] != "ABB"] == []


def test_every_row_is_in_the_artefact_under_its_listing(linker: Linker) -> None:
    tickers = linker.gazetteer.tickers
    missing = [row["name"] for row in rows() if listing(row["mic"], row["ticker"]) not in tickers]

    assert missing == []
    assert len({(row["mic"], row["ticker"]) for row in rows()}) == len(rows())


def test_no_home_symbol_is_that_of_an_american_company(linker: Linker) -> None:
    tickers = linker.gazetteer.tickers
    at_home = [entity for key, (entity, _) in tickers.items() if ":" in key]

    assert [e.name for e in at_home if e.ticker in tickers and tickers[e.ticker][0] is not e and e.until is None] == []


def test_a_symbol_that_is_taken_is_refused() -> None:
    draft = GazetteerDraft()
    draft.tickers["BRBY"] = draft.add(KnownEntity("x", "Barberry Inc", "company", "BRBY", "XNYS")), "XNYS"

    with pytest.raises(ValueError, match="BRBY of Burberry is Barberry Inc already"):
        add_world_companies(draft)


def test_a_company_that_is_listed_in_new_york_stays_one() -> None:
    draft = GazetteerDraft()
    shell = draft.add(KnownEntity("company-1", "Shell plc", "company", "SHEL", "XNYS", 1, None, 40))
    draft.tickers["SHEL"] = shell, "XNYS"

    add_world_companies(draft)

    assert draft.tickers[listing("XLON", "SHEL")][0] == shell
    assert draft.aliases["shell"] == {shell: AliasKind.STRONG}
    assert draft.entities[shell].rank == 40
