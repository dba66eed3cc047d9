"""Ways to divide traffic other than by weights: what Canaries say of them, and what is refused."""

import json
import re

import pytest
import yaml
from helm_python.errors import HelmError

from charts.rendering import CHART, render, rendered
from common.gateway import SERVICES, Service
from tests.platform.support.chart import JSON, ROOT, of_kind
from tests.platform.support.schemas import faults

EACH_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
PAGE = (ROOT / "docs" / "operations" / "canaries.md").read_text(encoding="utf-8")
# Every example of the page, by the way that it shows.
EXAMPLES = {
    next(iter(block["traffic"])): {"services": {name: block}}
    for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for name, block in yaml.safe_load(text)["services"].items()
}
HEADER = {"x-canary": {"exact": "always"}}
AB_TEST = {"headers": HEADER, "iterations": 10}
AFFINITY = {"cookieName": "canary", "maxAgeSeconds": 3600}
MIRROR = {"mirrorPercent": 5}


def next_key(way: JSON) -> str:
    return next(iter(way))


def nlp(traffic: JSON) -> JSON:
    return {"services": {"nlp": {"traffic": traffic}}}


def analyses(changes: JSON) -> dict[str, JSON]:
    """Return the analysis of each Canary in staging."""
    return {name: item["spec"]["analysis"] for name, item in of_kind(render("staging", changes), "Canary").items()}


def how_traffic_is_divided(analysis: JSON) -> JSON:
    # The rest is the same for all.
    return {
        key: value for key, value in analysis.items() if key not in {"interval", "threshold", "metrics", "webhooks"}
    }


def test_the_weights_alone_divide_traffic_unless_the_values_say_otherwise() -> None:
    for name, item in of_kind(rendered("staging"), "Canary").items():
        assert how_traffic_is_divided(item["spec"]["analysis"]) == {"stepWeights": [5, 10, 20, 35, 50]}, name


@pytest.mark.parametrize("way", [{"abTest": AB_TEST}, {"sessionAffinity": AFFINITY}, MIRROR], ids=next_key)
def test_without_flagger_no_other_way_is_taken_in_silence(way: JSON) -> None:
    with pytest.raises(HelmError, match="traffic of nlp: without Flagger nobody divides it"):
        render("development", nlp(way))


def test_the_page_has_an_example_of_each_way() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

    assert set(EXAMPLES) == set(schema["$defs"]["mirrorableTraffic"]["properties"])


@pytest.mark.parametrize("way", EXAMPLES)
def test_an_example_of_the_page_changes_its_service_and_no_other(way: str) -> None:
    usual, changed = analyses({}), analyses(EXAMPLES[way])

    assert len([name for name in usual if usual[name] != changed[name]]) == 1
    for name in usual:
        assert changed[name]["metrics"] == usual[name]["metrics"]
        assert changed[name]["webhooks"] == usual[name]["webhooks"]


@pytest.mark.parametrize("way", EXAMPLES)
def test_flaggers_definition_takes_an_example_of_the_page(way: str) -> None:
    for item in of_kind(render("production", EXAMPLES[way]), "Canary").values():
        assert faults(item) == []


def test_a_header_goes_in_place_of_the_weights() -> None:
    headers = {**HEADER, "x-team": {"regex": "(news|risk)-.+"}}

    found = analyses(nlp({"abTest": {"headers": headers, "iterations": 3}}))["nlp-processing"]

    # Flagger adds the prefix of the service's own route to each condition.
    assert how_traffic_is_divided(found) == {"match": [{"headers": headers}], "iterations": 3}


@EACH_SERVICE
def test_the_cookie_of_a_service_is_for_its_own_paths_over_https_alone(service: Service) -> None:
    named = {**AFFINITY, "primaryCookieName": "primary"}

    found = analyses({"defaults": {"traffic": {"sessionAffinity": named}}})[service.kubernetes_name]

    affinity = how_traffic_is_divided(found)["sessionAffinity"]
    assert affinity == {
        "cookieName": "canary",
        "primaryCookieName": "primary",
        "maxAge": 3600,
        "path": service.base_path,
        "httpOnly": True,
        "secure": True,
    }
    assert found["stepWeights"] == [5, 10, 20, 35, 50]


def test_the_primary_has_a_cookie_only_where_the_values_name_it() -> None:
    found = analyses(nlp({"sessionAffinity": {**AFFINITY, "cookieName": "12"}}))["nlp-processing"]["sessionAffinity"]

    assert "primaryCookieName" not in found
    assert found["cookieName"] == "12"


def test_copies_go_before_the_weights() -> None:
    found = analyses(nlp(MIRROR))["nlp-processing"]

    assert how_traffic_is_divided(found) == {
        "stepWeights": [5, 10, 20, 35, 50],
        "mirror": True,
        "mirrorWeight": 5,
    }


def test_what_a_service_says_takes_the_place_of_what_all_have() -> None:
    services = {"nlp": {"traffic": MIRROR}, "alerts": {"traffic": {}}}

    found = analyses({"defaults": {"traffic": {"abTest": AB_TEST}}, "services": services})

    ways = {name: set(how_traffic_is_divided(analysis)) for name, analysis in found.items()}
    assert ways == {
        "news-ingestion": {"match", "iterations"},
        "nlp-processing": {"stepWeights", "mirror", "mirrorWeight"},
        "market-impact": {"match", "iterations"},
        "alert-signal": {"stepWeights"},
    }


@EACH_SERVICE
def test_copies_are_for_services_whose_requests_make_nothing_new_and_end(
    service: Service, contracts: dict[str, JSON]
) -> None:
    answers = [
        (status, set(answer.get("content", {})))
        for operations in contracts[service.name]["paths"].values()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
    ]
    makes = any(status == "201" for status, _types in answers)
    streams = any("text/event-stream" in types for _status, types in answers)
    changes = {"services": {service.name: {"traffic": MIRROR}}}

    if makes or streams:
        with pytest.raises(HelmError, match=f"/services/{service.name}/traffic.*'mirrorPercent' not allowed"):
            render("staging", changes)
    else:
        assert analyses(changes)[service.kubernetes_name]["mirror"]


def test_copies_are_offered_to_a_service_and_not_to_all() -> None:
    assert analyses(nlp(MIRROR))["nlp-processing"]["mirror"]
    with pytest.raises(HelmError, match=r"/defaults/traffic.*'mirrorPercent' not allowed"):
        render("staging", {"defaults": {"traffic": MIRROR}})


@pytest.mark.parametrize(
    ("traffic", "complaint"),
    [
        ({"abTest": AB_TEST, **MIRROR}, "traffic of nlp: abTest and mirrorPercent exclude each other"),
        ({"sessionAffinity": AFFINITY, **MIRROR}, "mirrorPercent and sessionAffinity exclude each other"),
        ({"abTest": AB_TEST, "sessionAffinity": AFFINITY}, "abTest and sessionAffinity exclude each other"),
        ({"abTest": {"iterations": 10}}, "missing property 'headers'"),
        ({"abTest": {"headers": HEADER}}, "missing property 'iterations'"),
        ({"abTest": {"headers": {}, "iterations": 10}}, "headers': minProperties"),
        ({"abTest": {**AB_TEST, "iterations": 0}}, "iterations': minimum"),
        ({"abTest": {**AB_TEST, "headers": {"X-Canary": {"exact": "always"}}}}, "'X-Canary' does not match"),
        ({"abTest": {**AB_TEST, "headers": {"x-canary": "always"}}}, "x-canary': got string, want object"),
        ({"abTest": {**AB_TEST, "headers": {"x-canary": {"exact": "a", "regex": "a"}}}}, "maxProperties: got 2"),
        ({"abTest": {**AB_TEST, "headers": {"x-canary": {"prefix": "a"}}}}, "'prefix' not allowed"),
        ({"sessionAffinity": {"cookieName": "canary"}}, "missing property 'maxAgeSeconds'"),
        ({"sessionAffinity": {**AFFINITY, "cookieName": "a=b"}}, "'a=b' does not match"),
        ({"sessionAffinity": {**AFFINITY, "primaryCookieName": "canary"}}, "are both canary"),
        ({"mirrorPercent": 0}, "mirrorPercent': minimum"),
        ({"mirrorPercent": 101}, "mirrorPercent': maximum"),
        ({"blueGreen": True}, "'blueGreen' not allowed"),
    ],
    ids=str,
)
def test_a_mistake_is_refused_and_the_message_says_which(traffic: JSON, complaint: str) -> None:
    with pytest.raises(HelmError, match=re.escape(complaint)):
        render("staging", nlp(traffic))


def test_a_gate_that_flagger_would_never_ask_is_refused() -> None:
    test = nlp({"abTest": AB_TEST})

    for gate in ("none", "rollout", "promotion"):
        assert analyses({**test, "flagger": {"gate": gate}})["nlp-processing"]["iterations"] == 10
    with pytest.raises(HelmError, match=r"traffic of nlp: .* never asks the gate traffic-increase"):
        render("staging", {**test, "flagger": {"gate": "traffic-increase"}})


def test_another_way_to_divide_traffic_starts_no_rollout() -> None:
    for changes in EXAMPLES.values():
        assert of_kind(render("staging", changes), "Deployment") == of_kind(rendered("staging"), "Deployment")
