"""Training writes artefacts that load, from folders as small as a test."""

import gzip
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from nlp.artefacts import load_arrays, load_manifest
from nlp.entities.gazetteer import AliasKind, Gazetteer
from nlp.entities.linking import Linker
from nlp.topics.reuters import ReutersTopics
from nlp.training.abbreviations import learn_abbreviations
from nlp.training.corpora import document_rows, entity_rows, is_validation
from nlp.training.entities.gazetteer import build_gazetteer
from nlp.training.evaluation import expected_calibration_error
from nlp.training.publish import SEC_LIST, SEMEVAL, publish
from nlp.training.sentiment import fitted_temperature
from nlp.training.topics import train_reuters


def a_story(number: int, topic: str) -> dict[str, object]:
    words = {"wheat": "wheat harvest rises in the north", "gold": "gold miners dig deeper ounces"}[topic]
    return {"id": f"s-{number}", "title": f"{topic} report {number}", "body": f"{words} {number}", "topics": [topic]}


def a_data_folder(tmp_path: Path) -> Path:
    for name in ("entities", "topics", "sentiment"):
        (tmp_path / name).mkdir()
    (tmp_path / "entities" / "sec_company_tickers.csv").write_text(
        "cik,ticker,name,exchange\n1,ZAP,ZAPATA TECHNOLOGIES INC /DE/,NYSE\n1,ZAPB,ZAPATA TECHNOLOGIES INC /DE/,NYSE\n"
        "2,OAK,OAK CORP,Nasdaq\n"
    )
    (tmp_path / "entities" / "sp500_constituents.csv").write_text(
        "Symbol,Security,GICS Sector,CIK\nZAP,Zapata Technologies,Industrials,1\nQVT,Quilbora Brands,Materials,77\n"
    )
    stories = [a_story(number, topic) for number in range(30) for topic in ("wheat", "gold")]
    stories[0]["body"] = "The old oak fell on another oak."
    lines = "\n".join(json.dumps(story) for story in stories).encode()
    (tmp_path / "topics" / "reuters21578_train.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "topics" / "ag_news_sample.csv").write_text("id,label,title,description\n1,business,a,b\n")
    sentiment = tmp_path / "sentiment"
    (sentiment / "financial_phrasebank.csv").write_text("id,text,label,agreement\n1,Profit rose .,positive,100\n")
    (sentiment / "twitter_financial_news_sentiment.csv").write_text("id,text,label\n1,$ZAP falls,bearish\n")
    (sentiment / "semeval2017_task5_headlines.csv").write_text("id,title,company,sentiment\n1,Oak wins,Oak,0.6\n")
    (sentiment / "fiqa_task1.jsonl").write_text(
        json.dumps({"sentence": "Oak loses", "annotations": [{"target": "Oak", "sentiment_score": "-0.5"}]})
    )
    (sentiment / "sentfin.jsonl").write_text(
        json.dumps(
            {
                "title": "Oak up, Zapata down",
                "entities": [
                    {"entity": "Oak", "sentiment": "positive"},
                    {"entity": "Zapata", "sentiment": "negative"},
                ],
            }
        )
    )
    return tmp_path


def test_the_gazetteer_is_built_from_the_lists(tmp_path: Path) -> None:
    target = tmp_path / "gazetteer.json.gz"

    figures = build_gazetteer(a_data_folder(tmp_path), target)

    linker = Linker(Gazetteer.load(target))
    (zapata,) = linker.link([("title", "Zapata wins an order")], on=date(2026, 1, 2))
    assert (zapata.entity.ticker, zapata.entity.mic, zapata.entity.sector) == ("ZAP", "XNYS", "Industrials")
    assert linker.by_ticker("ZAPB").name == "Zapata Technologies"
    assert linker.gazetteer.aliases["oak"][0].kind is AliasKind.COMMON
    assert figures["missing"] > 0


def test_a_member_of_the_index_that_the_list_of_tickers_lacks_is_known(tmp_path: Path) -> None:
    target = tmp_path / "gazetteer.json.gz"

    build_gazetteer(a_data_folder(tmp_path), target)

    (quilbora,) = Linker(Gazetteer.load(target)).link([("title", "Quilbora wins an order")])
    assert (quilbora.entity.ticker, quilbora.entity.cik, quilbora.entity.sector) == ("QVT", 77, "Materials")


def test_building_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    data = a_data_folder(tmp_path)

    build_gazetteer(data, tmp_path / "one")
    build_gazetteer(data, tmp_path / "two")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_topic_codes_are_learned(tmp_path: Path) -> None:
    target = tmp_path / "topics.npz"

    scores = train_reuters(a_data_folder(tmp_path), target)

    model = ReutersTopics("test", load_arrays(target))
    assert [topic.topic for topic in model.classify("wheat report", "wheat harvest rises in the north")] == ["wheat"]
    assert scores["reuters.micro_f1"] > 0.9


def test_the_sets_are_read_with_their_conventions(tmp_path: Path) -> None:
    data = a_data_folder(tmp_path)

    documents = {row.source: row for row in document_rows(data)}
    entities = [(row.source, row.entity, row.target) for row in entity_rows(data)]

    assert documents["phrasebank"].target == (0.0, 0.0, 1.0)
    assert documents["semeval"].target == pytest.approx((0.0, 0.4, 0.6))
    assert documents["fiqa"].target == pytest.approx((0.5, 0.5, 0.0))
    assert documents["sentfin"].target == (0.5, 0.0, 0.5)
    assert ("sentfin", "Zapata", (1.0, 0.0, 0.0)) in entities
    assert {source for source, _, _ in entities} == {"sentfin", "semeval", "fiqa"}


def test_the_validation_part_never_moves() -> None:
    chosen = [key for key in map(str, range(10)) if is_validation(key)]

    assert chosen == ["0", "3", "4", "9"]
    assert 0.13 < sum(is_validation(str(number)) for number in range(5_000)) / 5_000 < 0.17


def test_a_card_is_written_with_hash_and_licences(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"abc")

    version = publish(tmp_path, "a", "a.npz", subject="a test", data=(SEC_LIST, SEMEVAL), scores={"f1": 0.123456})

    card = load_manifest(tmp_path)["a"]
    assert card.version == version == "a-ba7816bf8f01"
    assert card.card["non_commercial_data"] is True
    assert card.card["scores"] == {"f1": 0.1235}


def test_the_calibration_error_of_a_worked_example() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    is_right = np.array([1.0, 1.0, 1.0, 0.0])

    assert expected_calibration_error(confidence, is_right) == pytest.approx((0.05 + 0.05) / 2)


def test_an_overconfident_model_is_cooled() -> None:
    logits = np.array([[4.0, 0.0, 0.0]] * 10)
    targets = np.array([[1.0, 0.0, 0.0]] * 6 + [[0.0, 1.0, 0.0]] * 4)

    assert fitted_temperature(logits, targets) > 1.5


def test_punkt_learns_abbreviations_and_leaves_words_that_end_sentences():
    sentences = [
        "The plant in Detroit, Mich. is closed.",
        "He had the flu.",
        "A flu shot helps.",
        "Mich. Steel gained.",
    ]

    learned = learn_abbreviations([" ".join(sentences)] * 40)

    assert "mich" in learned
    assert "flu" not in learned
