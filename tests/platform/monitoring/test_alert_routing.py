"""Where each of our alerts goes, and which mutes which: on a real Alertmanager."""

import itertools
from pathlib import Path

import pytest

from tests.platform.support import monitoring
from tests.platform.support.alertmanager import alertmanager, mutes, receivers_of, written

# Labels that the expressions of our rules give.
SERVICES = ("nlp-processing", "alert-signal")
ALERTS = monitoring.alerting_rules()
# The alerts of one objective, the warning after the critical one.
OBJECTIVES = [
    ("AvailabilityBudgetBurnsFast", "AvailabilityBudgetBurnsSlowly"),
    ("LatencyBudgetBurnsFast", "LatencyBudgetBurnsSlowly"),
    ("PipelineIsStale", "PipelineIsSlow"),
]


def labels(name: str, service: str | None = SERVICES[0]) -> dict[str, str]:
    """Return the labels of an alert as it fires."""
    of = {} if service is None else {"service": service}
    return {"alertname": name, "namespace": "financial-news", **of, **ALERTS[name]["labels"]}


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("alertmanager"))


@pytest.mark.parametrize("name", ALERTS)
def test_critical_alerts_also_go_outside_and_warnings_to_the_inbox_alone(configuration: Path, name: str) -> None:
    expected = {"inbox", "outside"} if ALERTS[name]["labels"]["severity"] == "critical" else {"inbox"}

    assert receivers_of(configuration, labels(name)) == expected


@pytest.mark.parametrize(
    ("name", "receiver"), [("Watchdog", "heartbeat"), ("InfoInhibitor", "nobody"), ("KubeNodeNotReady", "inbox")]
)
def test_alerts_of_others_have_a_place(configuration: Path, name: str, receiver: str) -> None:
    assert receivers_of(configuration, {"alertname": name, "severity": "none"}) == {receiver}


def test_a_critical_alert_mutes_the_warning_of_its_objective_and_nothing_else(tmp_path: Path) -> None:
    """Every pair of alerts, of one service and of two; and each without a service, as aggregates fire."""
    with alertmanager(tmp_path) as client:
        found = {
            (source, target, where)
            for source, target in itertools.permutations(ALERTS, 2)
            for where, other in (("same", SERVICES[0]), ("other", SERVICES[1]))
            if mutes(client, labels(source), labels(target, other))
        }
        bare = {
            (source, target)
            for source, target in itertools.permutations(ALERTS, 2)
            if mutes(client, labels(source, None), labels(target, None))
        }

    assert found == {(source, target, "same") for source, target in OBJECTIVES}
    assert bare == set(OBJECTIVES)
