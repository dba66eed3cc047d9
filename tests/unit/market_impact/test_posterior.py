"""What a feature must give, and what is said of one that gives something else."""

from collections.abc import Mapping

import numpy as np
import pytest

from market_impact.estimation.estimate import PRIORS
from market_impact.estimation.features import FEATURES, Feature, Part
from market_impact.estimation.past_events import NOTHING
from market_impact.estimation.posterior import EstimateFault, Posterior, posterior_of
from market_impact.estimation.shrinkage import Evidence, weigh
from tests.unit.market_impact.test_features import news, score

_ZERO = np.zeros(2)


def both() -> Posterior:
    """Return the posterior of two news items."""
    return posterior_of(weigh(PRIORS["reaction"], [news(1), news(2)], [NOTHING] * 2, [NOTHING] * 2, [NOTHING] * 2))


def giving(part: Part) -> Feature:
    """Return a feature that is `part`."""
    return Feature("Odd.", lambda _evidence, _before: part)


def test_a_part_may_have_one_prior_variance_and_be_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    without = both()
    monkeypatch.setitem(FEATURES, "odd", giving(Part(_ZERO, _ZERO, 0.0)))

    found = both()

    for name in ("mean", "variance", "prior_variance"):
        assert getattr(found, name).tolist() == getattr(without, name).tolist()


@pytest.mark.parametrize(
    ("part", "which", "found"),
    [
        (Part(np.array([0.1, np.nan]), _ZERO, 0.0), "mean", "is nan and must be a finite number"),
        (Part(np.array([-np.inf, 0.1]), _ZERO, 0.0), "mean", "is -inf and must be a finite number"),
        (Part(_ZERO, np.array([0.0, np.inf]), 0.0), "variance", "is inf and must be finite and at least 0"),
        (Part(_ZERO, np.array([-0.1, 0.0]), 0.0), "variance", "is -0.1 and must be finite and at least 0"),
        (Part(_ZERO, _ZERO, -1.0), "prior_variance", "is -1.0 and must be finite and at least 0"),
        (Part(_ZERO, _ZERO, np.array([0.0, np.nan])), "prior_variance", "is nan and must be finite and at least 0"),
        (Part(np.zeros(3), _ZERO, 0.0), "mean", "is an array of shape (3,) and type float64"),
        (Part(np.zeros(1), _ZERO, 0.0), "mean", "is an array of shape (1,) and type float64"),
        (Part(np.zeros(()), _ZERO, 0.0), "mean", "is an array of shape () and type float64"),
        (Part(_ZERO, np.zeros((2, 2)), 0.0), "variance", "is an array of shape (2, 2) and type float64"),
        (Part(_ZERO, _ZERO, np.zeros(3)), "prior_variance", "is an array of shape (3,) and type float64"),
        (Part(_ZERO, _ZERO, None), "prior_variance", "is an array of shape () and type object"),  # type: ignore[arg-type]
        (Part(np.array([None, None]), _ZERO, 0.0), "mean", "is an array of shape (2,) and type object"),
    ],
)
def test_a_part_that_is_none_is_refused_by_the_name_of_its_feature(
    monkeypatch: pytest.MonkeyPatch, part: Part, which: str, found: str
) -> None:
    monkeypatch.setitem(FEATURES, "odd", giving(part))

    with pytest.raises(EstimateFault, match="odd") as raised:
        both()

    assert raised.value.code == "feature_failed"
    assert str(raised.value).startswith(f"The {which} of the feature odd {found}")


def test_a_feature_that_raises_or_returns_no_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_evidence: Evidence, before: Mapping[str, Part]) -> Part:
        return before["nowhere"]

    monkeypatch.setitem(FEATURES, "odd", Feature("Odd.", broken))
    with pytest.raises(EstimateFault, match=r"^The feature odd raised KeyError\.$"):
        both()

    monkeypatch.setitem(FEATURES, "odd", giving(None))  # type: ignore[arg-type]
    with pytest.raises(EstimateFault, match=r"^The feature odd returned NoneType instead of a Part\.$"):
        both()


def test_want_of_memory_is_not_blamed_on_a_feature(monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(_evidence: Evidence, _before: Mapping[str, Part]) -> Part:
        raise MemoryError

    monkeypatch.setitem(FEATURES, "odd", Feature("Odd.", hungry))

    with pytest.raises(MemoryError):
        both()


@pytest.mark.parametrize("mean", [1e6, 1e308])
def test_an_estimate_that_overflows_is_refused_with_what_its_features_add(
    monkeypatch: pytest.MonkeyPatch, mean: float
) -> None:
    monkeypatch.setitem(FEATURES, "odd", giving(Part(np.array([mean]), np.zeros(1), 0.0)))

    with pytest.raises(EstimateFault, match=f"ACME, reaction over 1 .* odd {mean:.3g}".replace("+", r"\+")) as raised:
        score(1)

    assert raised.value.code == "estimate_not_finite"
