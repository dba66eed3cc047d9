"""A feature of the estimate is one registered function: what it adds is estimated, stored and explained."""

from collections.abc import Iterator, Mapping
from uuid import UUID

import numpy as np
import pytest

from market_impact.estimation.estimate import PRIORS
from market_impact.estimation.features import FEATURES, Feature, Part, feature
from market_impact.estimation.linking import Link, linked_securities
from market_impact.estimation.past_events import NOTHING, PastEvents
from market_impact.estimation.posterior import Posterior, posterior_of
from market_impact.estimation.scoring import ScoredImpact, ScoringInputs, score_links
from market_impact.estimation.shrinkage import Evidence, weigh
from market_impact.impacts.document import impact_document
from market_impact.impacts.explanation import explain
from market_impact.impacts.model_card import describe_estimate
from market_impact.impacts.row import impact_row
from market_impact.repository.impacts import StoredImpact
from market_impact.schemas.impacts import ExplanationRead
from tests.builders.market import analysis, calendar
from tests.unit.market_impact.test_scoring import MIDDAY, PARAMETERS, market

_DEVIATION = 0.2


def _many_topics(evidence: Evidence, _before: Mapping[str, Part]) -> Part:
    """Believe that news on two topics or more moves a security by a tenth of its volatility more."""
    has_many = np.array([float(len(link.analysis.topics) > 1) for link in evidence.links])
    return Part(0.1 * has_many, _DEVIATION**2 * has_many, _DEVIATION**2 * has_many)


@pytest.fixture
def _with_topics() -> Iterator[None]:
    feature("many_topics", "What news on several topics does beyond all that.")(_many_topics)
    yield
    del FEATURES["many_topics"]


def news(topics: int) -> Link:
    found = analysis("a", MIDDAY, topics=[{"topic": f"topic {number}", "score": 0.9} for number in range(topics)])
    return linked_securities(found, 0.3)[0]


def posterior(topics: int) -> Posterior:
    return posterior_of(weigh(PRIORS["reaction"], [news(topics)], [NOTHING], [NOTHING], [NOTHING]))


def score(topics: int) -> ScoredImpact:
    return score_links([news(topics)], ScoringInputs(market(), PastEvents(), calendar(), PARAMETERS))[0]


def stored(impact: ScoredImpact) -> StoredImpact:
    """Return the estimate as it is read from the database."""
    document = impact_document(impact, UUID(int=1), MIDDAY, 0.9)
    row = impact_row(impact, UUID(int=1), document, calendar=calendar(), transaction=1, now=MIDDAY)
    columns = {"superseded_at": None, "is_withdrawn": False, **row._asdict()}
    return StoredImpact(**{name: columns[name] for name in StoredImpact._fields})


def test_the_meaning_of_every_feature_is_a_sentence() -> None:
    assert [name for name, each in FEATURES.items() if not each.meaning.endswith(".")] == []


@pytest.mark.usefixtures("_with_topics")
def test_the_model_card_tells_what_every_feature_means() -> None:
    told = describe_estimate()

    assert [name for name, each in FEATURES.items() if f"`{name}`: {each.meaning}" not in told] == []
    assert f"the sum of {len(FEATURES)} features" in told


@pytest.mark.usefixtures("_with_topics")
def test_a_feature_adds_to_the_mean_and_to_both_variances() -> None:
    without, having = posterior(1), posterior(2)

    assert having.mean[0] == pytest.approx(without.mean[0] + 0.1)
    assert having.variance[0] == pytest.approx(without.variance[0] + _DEVIATION**2)
    assert having.prior_variance[0] == pytest.approx(without.prior_variance[0] + _DEVIATION**2)


@pytest.mark.usefixtures("_with_topics")
def test_a_feature_is_stored_and_explained_under_its_name() -> None:
    found = explain(stored(score(2)), []).model_dump()

    contributions = found["contributions"]
    assert list(contributions) == list(FEATURES)
    assert contributions["many_topics"] == pytest.approx(0.1 * found["volatility"], abs=1e-8)
    assert sum(contributions.values()) == pytest.approx(found["effect"] * found["volatility"], abs=1e-7)


@pytest.mark.usefixtures("_with_topics")
def test_the_api_describes_a_feature_by_its_meaning() -> None:
    schema = ExplanationRead.model_json_schema()["$defs"]["Contributions"]

    assert schema["properties"]["many_topics"]["description"] == "What news on several topics does beyond all that."
    assert schema["required"] == list(FEATURES)


def test_a_feature_added_later_contributed_nothing_to_an_earlier_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = stored(score(1))
    monkeypatch.setitem(FEATURES, "many_topics", Feature("What news on several topics does.", _many_topics))

    found = explain(earlier, [])

    assert found.contributions is not None
    assert found.contributions.root["many_topics"] == 0.0
