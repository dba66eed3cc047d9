"""Rules, dashboards and routing: queries read what is exported, and every alert has a test and a runbook."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from alerts.column_values import AttemptVerdict
from charts.rendering import NAMESPACE, merged_values
from common.contracts.impact import Basis
from common.gateway import SERVICES
from news_ingestion.schemas.sources import FetchStatus
from tests.conftest import StartService
from tests.platform.support import monitoring
from tests.platform.support.chart import JSON, ROOT
from tests.platform.support.external_metrics import EXTERNAL
from tests.platform.support.programs import program

PROMTOOL_TESTS = sorted((Path(__file__).parent / "promtool").glob("*.yaml"))
RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
SEVERITIES = {"critical", "warning"}
# What scraping adds to every series.
TARGET_LABELS = {"job", "namespace", "pod", "le"}
VALUES = {
    ("alert_delivery_attempts_total", "outcome"): set(get_args(AttemptVerdict)),
    ("news_fetches_total", "status"): set(get_args(FetchStatus)),
    ("market_impact_outcomes_total", "within_interval"): {"true", "false", "abstained"},
    ("market_impact_outcomes_total", "basis"): set(get_args(Basis)),
}


def promtool(*arguments: str, folder: Path) -> str:
    """Return what Prometheus' own tool says; it comes with `make platform-tools`."""
    finished = subprocess.run(
        [program("promtool"), *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


@pytest.fixture
def rule_files(tmp_path: Path) -> Path:
    """A folder with the rules as Prometheus reads them."""
    for name, spec in monitoring.rule_specs().items():
        (tmp_path / name).write_text(yaml.safe_dump(spec), encoding="utf-8")
    return tmp_path


def test_prometheus_accepts_every_rule(rule_files: Path) -> None:
    said = promtool("check", "rules", *sorted(monitoring.rule_specs()), folder=rule_files)

    assert said.count("SUCCESS") == len(monitoring.rule_specs()) == 4


@pytest.mark.parametrize("path", PROMTOOL_TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_not_otherwise(path: Path, rule_files: Path) -> None:
    shutil.copy(path, rule_files)

    assert "SUCCESS" in promtool("test", "rules", path.name, folder=rule_files)


def test_every_alert_has_a_case_in_which_it_fires() -> None:
    cases = [
        case
        for path in PROMTOOL_TESTS
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
        for case in test.get("alert_rule_test", [])
    ]

    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(monitoring.alerting_rules())


@pytest.mark.parametrize("name", monitoring.alerting_rules())
def test_an_alert_says_how_bad_it_is_what_it_is_and_where_its_runbook_is(name: str) -> None:
    rule = monitoring.alerting_rules()[name]
    page, _, fragment = rule["annotations"]["runbook_url"].partition("#")

    assert rule["labels"]["severity"] in SEVERITIES
    assert rule["annotations"]["summary"]
    assert page.endswith("/docs/runbooks.md")
    assert fragment == name.lower()
    assert re.search(rf"^## {name}$", RUNBOOKS, re.MULTILINE)


def test_the_page_on_monitoring_leads_to_every_runbook() -> None:
    page = (ROOT / "docs" / "operations" / "monitoring.md").read_text(encoding="utf-8")

    assert "(../runbooks.md)" in page
    for name in monitoring.alerting_rules():
        assert f"(../runbooks.md#{name.lower()})" in page


async def test_every_query_reads_metrics_and_labels_that_are_exported(start_service: StartService) -> None:
    exported: dict[str, set[str]] = {}
    bounds: set[str] = set()
    for service in SERVICES:
        async with start_service(service.name) as running:
            await running.client.get(f"{service.base_path}/counts")
            text = (await running.client.get("/metrics")).text
            exported |= _exported(text, running.app.state.registry)
            bounds |= set(re.findall(r'http_request_duration_seconds_bucket{[^}]*le="([^"]+)"', text))
    queries = monitoring.queries()
    found = [(place, each) for place, query in queries.items() for each in monitoring.selectors(query)]
    known = exported.keys() | EXTERNAL.keys() | monitoring.recorded()

    unknown = {(place, each.metric) for place, each in found if each.metric not in known}
    wrong_labels = {
        (place, each.metric, label)
        for place, each in found
        if each.metric in exported
        for label in each.labels
        if label not in exported[each.metric] | TARGET_LABELS
    }
    wrong_groupings = {
        (place, label)
        for place, query in queries.items()
        for labels, metrics in monitoring.groupings(query)
        if exported.keys() >= set(metrics)
        for label in labels - TARGET_LABELS
        if not all(label in exported[metric] for metric in metrics)
    }
    used_bounds = {
        each.labels["le"][1]
        for _, each in found
        if each.metric == "http_request_duration_seconds_bucket" and "le" in each.labels
    }

    limits = [each["latencyMilliseconds"] / 1000 for each in _services()]
    assert {str(limit) for limit in limits} <= bounds, "between two bounds a limit is only guessed"
    assert max(float(bound) for bound in bounds - {"+Inf"}) > max(limits)
    assert len(queries) > 60
    assert unknown == set()
    assert wrong_labels == set()
    assert wrong_groupings == set()
    assert used_bounds <= bounds
    assert used_bounds


def _services() -> list[JSON]:
    values = merged_values("production")
    return [{**values["defaults"], **each} for each in values["services"].values()]


def _exported(text: str, registry: Any) -> dict[str, set[str]]:
    """Return the labels of every series that a service exports, or would once something has happened."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "summary": ["_count", "_sum"]}
        for suffix in suffixes.get(family.type, [""]):
            found[family.name + suffix] = set()
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    for collector, names in registry._collector_to_names.items():
        for name in names:
            if name in found:
                found[name] |= set(getattr(collector, "_labelnames", ()))
    return found


def test_queries_ask_for_label_values_that_occur() -> None:
    for place, query in monitoring.queries().items():
        for selector in monitoring.selectors(query):
            for label, (operator, value) in selector.labels.items():
                allowed = VALUES.get((selector.metric, label))
                if allowed is not None:
                    asked = value.split("|") if "Re" in operator else [value]
                    assert set(asked) <= allowed, place


def test_queries_about_one_service_name_its_monitor() -> None:
    jobs = {f"{NAMESPACE}/{service.kubernetes_name}" for service in SERVICES}
    asked = {
        selector.labels["job"]
        for query in monitoring.queries().values()
        for selector in monitoring.selectors(query)
        if "job" in selector.labels
    }

    assert asked
    for operator, value in asked:
        if "Re" in operator:
            assert value == f"{NAMESPACE}/.+"
        else:
            assert value in jobs


def test_statuses_are_asked_for_one_by_one() -> None:
    """Grouped statuses (`5xx`) are not exported; a query for them would be silent for ever."""
    for place, query in monitoring.queries().items():
        assert "5xx" not in query, place
        assert "2xx" not in query, place


@pytest.mark.parametrize("path", monitoring.DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_whole(path: Path) -> None:
    board = monitoring.dashboard(path)
    variables = {variable["name"] for variable in board["templating"]["list"]}
    generated = {entry["files"][0]: entry["name"] for entry in monitoring.kustomization()["configMapGenerator"]}

    assert f"dashboards/{path.name}" in generated
    assert monitoring.kustomization()["generatorOptions"]["labels"] == {"grafana_dashboard": "1"}
    assert monitoring.kustomization()["generatorOptions"]["annotations"] == {
        "kustomize.toolkit.fluxcd.io/substitute": "disabled"
    }
    assert board["uid"].startswith("mia-")
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in monitoring.panels(path):
        position = panel["gridPos"]
        assert position["x"] + position["w"] <= 24
        assert panel["targets"]
        assert panel["description"]
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(board))) <= variables | {"__rate_interval"}


def test_alertmanager_posts_to_the_inbox_by_the_public_door() -> None:
    (config,) = [item for item in monitoring.objects() if item["kind"] == "AlertmanagerConfig"]
    receivers = {receiver["name"]: receiver for receiver in config["spec"]["receivers"]}
    (webhook,) = receivers[config["spec"]["route"]["receiver"]]["webhookConfigs"]

    assert webhook["urlSecret"] == {"name": "alerts-api-key", "key": "url"}
    assert webhook["sendResolved"] is True
    assert webhook["httpConfig"]["authorization"]["credentials"] == {"name": "alerts-api-key", "key": "key"}
