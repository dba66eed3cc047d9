"""Languages are told apart by script, function words and letters; English is the default."""

from collections import Counter
from pathlib import Path

import pytest

from nlp.texts.languages import detect_language


def headlines_of(name: str) -> list[tuple[str, str]]:
    """Return (language, headline) of a file beside this one; the headlines are ours, none is from a newspaper."""
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [(code, text) for code, _, text in (line.partition(" | ") for line in lines)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The company raised its outlook for the year", "en"),
        ("Aktien steigen nach Quartalszahlen deutlich", "de"),
        ("Le bénéfice du groupe recule au deuxième trimestre", "fr"),
        ("Las acciones de la empresa caen tras los resultados", "es"),
        ("La Borsa di Milano chiude in rialzo dopo i dati", "it"),
        ("Ações da empresa sobem com alta do petróleo", "pt"),
        ("Aandelen van het bedrijf dalen na cijfers", "nl"),
        ("Börsen stiger efter räntebeskedet och kronan faller", "sv"),
        ("Aksjen stiger på Oslo Børs etter resultatet", "no"),
        ("Акции компании резко упали", "ru"),
        ("苹果公司股价上涨", "zh"),
        ("أسهم الشركة ترتفع", "ar"),
        ("מניות החברה עולות", "he"),
        ("کمپنی کے حصص میں اضافہ ہوا ہے", "ur"),
    ],
)
def test_each_language_of_newsapi_is_recognised(text: str, code: str) -> None:
    assert detect_language(text).code == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Agilent Q1 EPS $0.65 vs $0.69 Est",
        "Volkswagen AG",
        "12.5 % 2019",
        "N96 , E90 , E71",
        "\ufeff$\ufeff5",
        "\u0301\u064b\u064c",
    ],
)
def test_what_proves_nothing_is_english_by_default(text: str) -> None:
    assert detect_language(text) == ("en", 0.0)


def test_the_publisher_decides_where_the_text_proves_nothing() -> None:
    assert detect_language("Siemens Quartalsbericht", "de").code == "de"
    assert detect_language("Profit rises on the back of strong sales", "de").code == "en"


def test_a_foreign_name_does_not_make_an_english_headline_foreign() -> None:
    assert detect_language("Banca Monte dei Paschi shares fall after the stress test").code == "en"


def test_financial_headlines_of_seventeen_languages_are_told_apart() -> None:
    headlines = headlines_of("headlines_by_language.txt")
    many = [code for code, count in Counter(code for code, _ in headlines).items() if count >= 8]

    wrong = [(code, detect_language(text).code, text) for code, text in headlines if detect_language(text).code != code]

    assert len(many) >= 18
    assert wrong == []


def test_most_headlines_that_the_profiles_were_not_written_for_are_recognised() -> None:
    headlines = headlines_of("headlines_unseen.txt")

    right = [detect_language(text).code == code for code, text in headlines]

    # 52 of 68: what shares no word or letter with a profile is left to English, as a false alarm costs a score.
    assert sum(right) / len(right) >= 0.75


def test_quotes_in_the_wrong_encoding_are_no_foreign_letters() -> None:
    assert (
        detect_language("Tesco bans sweet drinks in a \u00e2\u20ac\u0153health drive\u00e2\u20ac\u009d push").code
        == "en"
    )
