"""Random conditions and facts from small vocabularies, so that they meet often."""

from hypothesis import strategies as st

from alerts.matching.conditions import BASES, DIRECTIONS, SENTIMENTS, Condition
from alerts.matching.impact_facts import Facts

TICKERS = ("AAPL", "MSFT", "TSLA")
TOPICS = ("earnings", "mergers", "macro")
EVENT_TYPES = ("earnings_beat", "guidance_cut", "lawsuit")
HORIZONS = (1, 5)
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
SCORES = (0.0, 25.0, 50.0, 75.0, 100.0)


def subsets(values):
    return st.frozensets(st.sampled_from(values), max_size=2)


facts = st.builds(
    Facts,
    ticker=st.sampled_from(TICKERS),
    topics=subsets(TOPICS),
    event_types=subsets(EVENT_TYPES),
    direction=st.sampled_from(sorted(DIRECTIONS)),
    basis=st.sampled_from(sorted(BASES)),
    horizon_days=st.sampled_from(HORIZONS),
    sentiment=st.sampled_from(sorted(SENTIMENTS)),
    impact_score=st.sampled_from(SCORES),
    confidence=st.sampled_from(LEVELS),
    novelty=st.sampled_from(LEVELS),
    relevance=st.sampled_from(LEVELS),
)

_FIELDS = {
    "tickers": subsets(TICKERS),
    "topics": subsets(TOPICS),
    "event_types": subsets(EVENT_TYPES),
    "direction": st.sampled_from(sorted(DIRECTIONS)),
    "basis": st.sampled_from(sorted(BASES)),
    "horizon_days": st.sampled_from(HORIZONS),
    "sentiment": st.sampled_from(sorted(SENTIMENTS)),
    "min_impact_score": st.sampled_from(SCORES),
    "min_confidence": st.sampled_from(LEVELS),
    "min_novelty": st.sampled_from(LEVELS),
    "min_relevance": st.sampled_from(LEVELS),
}


def _own_fields():
    return st.sets(st.sampled_from(sorted(_FIELDS)), max_size=3).flatmap(
        lambda names: st.fixed_dictionaries({name: _FIELDS[name] for name in sorted(names)})
    )


def _nested(children):
    return st.builds(
        lambda own, all_of, any_of, none_of: Condition(**own, all_of=all_of, any_of=any_of, none_of=none_of),
        _own_fields(),
        st.lists(children, max_size=2).map(tuple),
        st.lists(children, max_size=2).map(tuple),
        st.none() | children,
    )


flat_conditions = _own_fields().map(lambda own: Condition(**own))
conditions = st.recursive(flat_conditions, _nested, max_leaves=5)
