"""Large companies get the short names of headlines, unless something else is likely to bear them."""

import pytest

from nlp.entities.gazetteer import AliasKind, KnownEntity
from nlp.training.entities.company_names import without_legal_form
from nlp.training.entities.draft import GazetteerDraft
from nlp.training.entities.headline_names import HeadlineNames, cut_names, initials, words_in_lower_case

EVERYDAY = frozenset(("harbour", "parcel", "holdings", "grill", "energy", "brands", "systems", "storage"))
USUAL = frozenset(("hercules", "wellington", "group"))


def a_draft(*companies: tuple[str, str, int]) -> GazetteerDraft:
    draft = GazetteerDraft()
    for cik, (name, ticker, rank) in enumerate(companies):
        index = draft.add(KnownEntity(f"company-{cik}", name, "company", ticker, "XNYS", cik, None, rank))
        draft.tickers[ticker] = index, "XNYS"
        draft.alias(index, [name, without_legal_form(name)], AliasKind.STRONG)
    return draft


def added(draft: GazetteerDraft, vetoed: frozenset[str] = frozenset()) -> dict[str, AliasKind]:
    return {name: kind for name, (_, kind) in HeadlineNames(draft, EVERYDAY, USUAL, vetoed).add().items()}


def test_a_word_that_is_only_a_name_is_an_alias() -> None:
    assert added(a_draft(("Quilbora Mexican Grill", "QBR", 900)))["quilbora"] is AliasKind.DERIVED


def test_an_everyday_word_is_an_alias_of_a_great_company_where_only_its_form_was_cut() -> None:
    draft = a_draft(("Parcel Holdings Inc.", "PRC", 200), ("Harbour Energy Corp", "HBE", 201))

    assert added(draft) == {"parcel": AliasKind.COMMON}


def test_an_everyday_word_is_no_alias_of_a_small_company() -> None:
    assert "parcel" not in added(a_draft(("Parcel Holdings Inc.", "PRC", 1_500)))


def test_a_word_of_books_needs_context_and_a_great_company() -> None:
    great, small = a_draft(("Hercules Systems", "HRC", 100)), a_draft(("Hercules Systems", "HRC", 900))

    assert added(great) == {"hercules": AliasKind.COMMON}
    assert added(small) == {}


def test_a_surname_needs_a_business_text() -> None:
    assert added(a_draft(("Zamudio Brands", "ZMB", 700))) == {"zamudio": AliasKind.RARE}


@pytest.mark.parametrize(("rank", "is_added"), [(450, False), (5_000, True)])
def test_a_namesake_of_like_size_takes_the_name_away(rank: int, is_added: bool) -> None:
    draft = a_draft(("Quilbora Airways", "QBA", 400), ("Quilbora Mining", "QBM", rank))

    assert ("quilbora" in added(draft)) == is_added


def test_initials_count_when_they_are_the_ticker_of_a_great_company() -> None:
    draft = a_draft(
        ("Quilbora Varnish Tallow", "QVT", 100), ("Mirbane Oxalis Drove", "MDX", 100), ("Wend Orris Kelp", "WOK", 900)
    )

    assert added(draft) == {"qvt": AliasKind.COMMON}


def test_a_vetoed_name_is_left_out() -> None:
    assert added(a_draft(("Quilbora Airways", "QBA", 400)), frozenset(("quilbora",))) == {}


def test_words_of_trade_are_cut_one_after_the_other() -> None:
    assert cut_names("Quilbora Media & Technology Group") == [
        ("Quilbora Media & Technology", ["group"]),
        ("Quilbora Media", ["group", "technology", "&"]),
        ("Quilbora", ["group", "technology", "&", "media"]),
    ]


def test_initials_pass_over_small_words() -> None:
    assert initials("Bank of Quilbora-Mirbane") == "BQM"


def test_a_word_met_twice_in_lower_case_is_an_everyday_word() -> None:
    texts = ["The harbour froze.", "A harbour and a mole, x@mole.org", "Moles dig"]

    assert words_in_lower_case(texts) == {"harbour"}
