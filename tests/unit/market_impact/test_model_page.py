"""`docs/models/impact.md` says what the estimator does, and its example is what the code computes."""

import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from common.contracts import Basis
from market_impact.estimation.estimate import PRIORS, attenuation, estimate
from market_impact.estimation.features import FEATURES, MODEL_VERSION
from market_impact.estimation.linking import Link
from market_impact.estimation.past_events import Summary
from market_impact.estimation.posterior import posterior_of
from market_impact.estimation.shrinkage import weigh
from tests.builders.market import NOW, analysis

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "models" / "impact.md").read_text(encoding="utf-8")


def past_events(name: str) -> Summary:
    """Return the sums of a row of the example's first table."""
    found = re.search(rf"^\| {re.escape(name)} \| (.+) \|$", PAGE, re.MULTILINE)
    assert found is not None, name
    n, s, ss, sx, x, xx = (float(cell) for cell in found[1].split(" | "))
    return Summary(n=n, s=s, ss=ss, sx=sx, x=x, xx=xx)


def example() -> dict[str, float]:
    link = Link(analysis("a", NOW), "ACME", 0.9, "positive", 0.8, "analyst_upgrade", reports_move=False)
    evidence = weigh(
        PRIORS["reaction"],
        [link],
        [past_events("all news")],
        [past_events("this kind, all securities")],
        [past_events("this kind, ACME")],
    )
    posterior = posterior_of(evidence)
    share = attenuation("reaction", link.relevance, link.analysis.novelty)
    found = estimate(posterior, np.array([0.02]), np.array([share]), 0.9)
    values = {
        "event variance": posterior.event_variance,
        "slope": evidence.slope,
        **{f"part of `{name}`, before the share": part for name, part in posterior.parts.items()},
        "effect": found.effect,
        "expected abnormal return": found.expected_abnormal_return,
        "interval, low": found.low,
        "interval, high": found.high,
        "probability of a rise": found.p_up,
        "impact score": found.impact_score,
        "confidence": found.confidence,
        "baseline, low": found.baseline_low,
        "baseline, high": found.baseline_high,
    }
    return {name: float(value[0]) for name, value in values.items()}


def test_the_example_is_what_the_code_computes() -> None:
    # Adding zero leaves no sign on a figure of nothing.
    rows = [f"| {name} | {round(value, 4) + 0.0:.4f} |" for name, value in example().items()]

    missing = [row for row in rows if row not in PAGE]

    assert missing == []


def test_every_feature_and_the_version_are_named() -> None:
    assert f"`{MODEL_VERSION}`" in PAGE
    assert [name for name in FEATURES if f"| `{name}` |" not in PAGE] == []


def test_the_formula_adds_up_every_feature_and_nothing_else() -> None:
    assert f"effect   = share * ({' + '.join(FEATURES)})\n" in PAGE


@pytest.mark.parametrize("basis", PRIORS)
def test_the_priors_are_those_in_use(basis: Basis) -> None:
    column = list(PRIORS).index(basis)
    for name, value in asdict(PRIORS[basis]).items():
        found = re.search(rf"^\| {name} \| (.+) \|$", PAGE, re.MULTILINE)
        assert found is not None, name
        assert float(found[1].split(" | ")[column]) == value, name
