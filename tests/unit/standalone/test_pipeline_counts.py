"""Balances: sums that agree when nothing was lost."""

import copy

from standalone.replay.pipeline_counts import Counts, Snapshot, balances

NO_DEAD_LETTERS = {"news_ingestion": 0, "nlp": 0, "market_impact": 0, "alerts": 0}
COUNTED: Counts = {
    "news_ingestion": {
        "received": 10,
        "created": 6,
        "duplicates": 2,
        "near_duplicates": 1,
        "revised": 0,
        "rejected": 1,
        "retracted": 0,
    },
    "nlp": {"analysed": 5, "abstained": 1, "retracted": 0},
    "market_impact": {"received": 5, "scored": 3, "without_linked_security": 2, "retracted": 0, "impacts": 6},
    "alerts": {"received": 6, "alerts": 1},
}


def test_a_dead_letter_is_part_of_the_sum() -> None:
    found = balances(COUNTED, {**NO_DEAD_LETTERS, "news_ingestion": 1})

    assert all(balance.holds for balance in found), [str(balance) for balance in found]


def test_a_lost_item_breaks_the_sum() -> None:
    counted = copy.deepcopy(COUNTED)
    counted["alerts"]["received"] = 5

    broken = [balance for balance in balances(counted, {**NO_DEAD_LETTERS, "news_ingestion": 1}) if not balance.holds]

    assert [str(balance) for balance in broken] == ["6 impacts = 5 received by alerts + 0 dead letters"]


def test_a_snapshot_counts_since_an_earlier_one() -> None:
    earlier = Snapshot({"nlp": {"analysed": 3}}, {"nlp": 0}, {"nlp": 0})
    later = Snapshot({"nlp": {"analysed": 10, "abstained": 2}}, {"nlp": 1}, {"nlp": 0})

    assert later.since(earlier) == {"nlp": {"analysed": 7, "abstained": 2}}
    assert not later.is_settled
