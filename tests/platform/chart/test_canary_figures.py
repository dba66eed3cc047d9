"""What the figures of a rollout say, over invented series: a bad release is refused, and a good one is not."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.platform.support.metric_templates import agrees, filled_in, metrics, passes, templates

NLP, IMPACT, ALERTS = "nlp-processing", "market-impact", "alert-signal"
# Twenty-one samples, one each 15 seconds; the check looks at the latest four.
STILL = "x20"


@dataclass(frozen=True)
class Case:
    """Series as promtool writes them, the value they come to, and whether the release passes."""

    name: str
    metric: str
    series: dict[str, str]
    value: float | None
    is_good: bool
    service: str = NLP


def sent(
    code: str, *, by: str = "istio-ingress", to: str = f"{NLP}-canary", workload: str = NLP, reporter: str = "source"
) -> str:
    """Return a counter of requests as Istio has it; of a pod that nobody reached workload and namespace are unknown."""
    space = "unknown" if workload == "unknown" else "financial-news"
    labels = {
        "reporter": reporter,
        "source_workload": by,
        "destination_service": f"{to}.financial-news.svc.cluster.local",
        "destination_service_namespace": space,
        "destination_workload": workload,
        "response_code": code,
    }
    return _series("istio_requests_total", **labels)


def load(code: str) -> str:
    return sent(code, by="flagger-loadtester")


def of_pod(name: str, service: str = NLP, **labels: str) -> str:
    return _series(name, namespace="financial-news", pod=f"{service}-6d4cf56db6-x2x7k", **labels)


def of_primary(name: str, service: str = NLP, **labels: str) -> str:
    return of_pod(name, f"{service}-primary", **labels)


def _series(name: str, **labels: str) -> str:
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}"


def durations(counts: dict[str, int], handler: str, method: str = "GET") -> dict[str, str]:
    """Return a histogram of a route: requests by the highest bound that they keep, gained at each scrape."""
    total, found = 0, {}
    for bound in ("0.1", "0.25", "0.5", "1.0", "2.0", "5.0", "+Inf"):
        total += counts.get(bound, 0)
        name = of_pod("http_request_duration_seconds_bucket", handler=handler, method=method, le=bound)
        found[name] = f"0+{total}{STILL}"
    return found


def load_durations(counts: dict[str, int], *, by: str = "flagger-loadtester") -> dict[str, str]:
    total, found = 0, {}
    for bound in ("100", "250", "500", "1000", "2500", "5000", "10000", "+Inf"):
        total += counts.get(bound, 0)
        host = f"{NLP}-canary.financial-news.svc.cluster.local"
        labels = {"reporter": "source", "source_workload": by, "destination_service": host, "le": bound}
        found[_series("istio_request_duration_milliseconds_bucket", **labels)] = f"0+{total}{STILL}"
    return found


LIST, POSTED, STREAM = "/nlp/v1/analyses", "/nlp/v1/texts:analyze", "/nlp/v1/stream"
LOAD = {load("200"): f"0+120{STILL}"}
ABSTAINED, ANALYSED = "nlp_texts_abstained_total", "nlp_texts_analysed_total"
PSI, CHECKED = "nlp_score_psi", "nlp_selfcheck_ok"
PSI_TOO, CHECKED_TOO = (of_pod(name).replace("x2x7k", "b4c5d") for name in (PSI, CHECKED))
FAILED, DEAD = "items_failed_total", "outbox_dead_letters_total"
ESTIMATES, NONE_MADE = "market_impact_score_histogram_count", "market_impact_abstained_total"

CASES = [
    Case("nobody is scraped", "error-rate", {}, None, is_good=False),
    Case("no traffic since the check before", "error-rate", {load("200"): f"700{STILL}"}, None, is_good=False),
    Case("the load alone", "error-rate", LOAD, 0, is_good=True),
    Case(
        "four real connections a minute, none of which reaches a pod",
        "error-rate",
        LOAD | {sent("503", workload="unknown"): f"0+1{STILL}"},
        4,
        is_good=False,
    ),
    Case(
        "one real request failed, the first ever",
        "error-rate",
        LOAD | {sent("200"): f"0+1{STILL}", sent("500"): "_x18 1x2"},
        1,
        is_good=True,
    ),
    Case(
        "two of three real requests failed, the first ever",
        "error-rate",
        LOAD | {sent("200"): "_x18 1x2", sent("500"): "_x18 2x2"},
        2,
        is_good=False,
    ),
    Case(
        "errors of an earlier rollout",
        "error-rate",
        LOAD | {sent("503", workload="unknown"): f"500{STILL}"},
        0,
        is_good=True,
    ),
    Case(
        "three of a hundred requests of the load failed",
        "error-rate",
        {load("200"): f"0+97{STILL}", load("500"): f"0+3{STILL}", sent("200"): f"0+500{STILL}"},
        3,
        is_good=False,
    ),
    Case(
        "the primary fails",
        "error-rate",
        LOAD | {sent("503", to=f"{NLP}-primary", workload=f"{NLP}-primary"): f"0+9{STILL}"},
        0,
        is_good=True,
    ),
    Case(
        "callers go before they are answered, and make mistakes",
        "error-rate",
        LOAD | {sent("0"): f"0+9{STILL}", sent("422"): f"0+9{STILL}"},
        0,
        is_good=True,
    ),
    Case("only the pods report", "error-rate", {sent("200", reporter="destination"): "0+9x20"}, None, is_good=False),
    Case(
        "streams and long batches at the gateway",
        "request-duration-load",
        load_durations({"100": 120}) | load_durations({"+Inf": 50}, by="istio-ingress"),
        99,
        is_good=True,
    ),
    Case(
        "two of a hundred requests of the load take longer than 2.5 s",
        "request-duration-load",
        load_durations({"100": 98, "5000": 2}),
        3750,
        is_good=False,
    ),
    Case("no load", "request-duration-load", load_durations({}), None, is_good=False),
    Case(
        "200 long texts take 7.9 s, and reads are fast",
        "request-duration-reads",
        durations({"0.1": 50}, LIST) | durations({"+Inf": 50}, POSTED, "POST") | durations({"+Inf": 9}, LIST, "POST"),
        99,
        is_good=True,
    ),
    Case("streams alone", "request-duration-reads", durations({"+Inf": 50}, STREAM), None, is_good=False),
    Case("batches alone", "request-duration-reads", durations({"0.1": 50}, LIST, "POST"), None, is_good=False),
    Case("no requests", "request-duration-reads", durations({}, LIST), None, is_good=False),
    Case(
        "one route of ten takes above two seconds",
        "request-duration-reads",
        durations({"0.1": 90}, LIST) | durations({"5.0": 10}, "/nlp/v1/counts"),
        4700,
        is_good=False,
    ),
    Case(
        "longer than anything that is told apart",
        "request-duration-reads",
        durations({"+Inf": 10}, LIST),
        5000,
        is_good=False,
    ),
    Case("no real text", "abstain-ratio", {of_pod(ABSTAINED): f"0{STILL}"}, 0, is_good=True),
    Case("nobody is scraped", "abstain-ratio", {}, None, is_good=False),
    Case(
        "one real text, not scored",
        "abstain-ratio",
        {of_pod(ABSTAINED): f"1{STILL}", of_pod(ANALYSED, language="de"): f"1{STILL}"},
        0.05,
        is_good=True,
    ),
    Case(
        "ten of ten real texts not scored, minutes ago",
        "abstain-ratio",
        {of_pod(ABSTAINED): f"10{STILL}", of_pod(ANALYSED, language="en"): f"10{STILL}"},
        0.5,
        is_good=False,
    ),
    Case(
        "three of ten",
        "abstain-ratio",
        {
            of_pod(ABSTAINED): f"30{STILL}",
            of_pod(ANALYSED, language="en"): f"70{STILL}",
            of_pod(ANALYSED, language="de"): f"30{STILL}",
        },
        0.3,
        is_good=True,
    ),
    Case(
        "texts that the primary does not score",
        "abstain-ratio",
        {
            of_pod(ABSTAINED): f"0{STILL}",
            of_primary(ABSTAINED): f"99{STILL}",
            of_primary(ANALYSED, language="de"): f"99{STILL}",
        },
        0,
        is_good=True,
    ),
    Case("nobody has read enough", "score-drift", {of_pod(PSI): "_x5 NaN"}, 0, is_good=True),
    Case(
        "one of two pods drifts",
        "score-drift",
        {of_pod(PSI): f"0.1{STILL}", PSI_TOO: f"0.6{STILL}"},
        0.6,
        is_good=False,
    ),
    Case("the primary drifts", "score-drift", {of_primary(PSI): f"0.6{STILL}"}, 0, is_good=True),
    Case("each pod as frozen", "selfcheck-ok", {of_pod(CHECKED): f"1{STILL}"}, 1, is_good=True),
    Case("one is not", "selfcheck-ok", {of_pod(CHECKED): f"1{STILL}", CHECKED_TOO: f"0{STILL}"}, 0, is_good=False),
    Case("no item failed", "failed-items", {}, 0, is_good=True),
    Case("the first of a kind", "failed-items", {of_pod(FAILED, exception="KeyError"): "_x18 1x2"}, 1, is_good=False),
    Case(
        "one of each of two kinds",
        "failed-items",
        {of_pod(FAILED, exception="KeyError"): "_x18 1x2", of_pod(FAILED, exception="ValueError"): "3x17 4x3"},
        2,
        is_good=False,
    ),
    Case("one, an earlier check", "failed-items", {of_pod(FAILED, exception="KeyError"): "_x9 1x11"}, 0, is_good=True),
    Case("the primary's", "failed-items", {of_primary(FAILED, exception="KeyError"): "0+1x20"}, 0, is_good=True),
    Case("no results refused", "dead-letters", {of_primary(DEAD): f"0{STILL}"}, 0, is_good=True),
    Case("no sender is scraped", "dead-letters", {of_primary(DEAD, ALERTS): f"0{STILL}"}, None, is_good=False),
    Case("results of this service", "dead-letters", {of_primary(DEAD): "0x17 2x3"}, 2, is_good=False),
    Case(
        "results handed over to this service",
        "dead-letters",
        {of_primary(DEAD): f"0{STILL}", of_primary(DEAD, "news-ingestion"): "0x17 1x3"},
        1,
        is_good=False,
    ),
    Case(
        "results of others, and earlier ones",
        "dead-letters",
        {of_primary(DEAD): f"7{STILL}", of_primary(DEAD, IMPACT): "0+1x20"},
        0,
        is_good=True,
    ),
    Case("results of impact", "dead-letters", {of_primary(DEAD, IMPACT): "0x19 1"}, 1, is_good=False, service=ALERTS),
    Case("no estimates", "abstain-excess", {}, -1, is_good=True, service=IMPACT),
    Case(
        "one estimate, and none of the primary",
        "abstain-excess",
        {of_pod(NONE_MADE, IMPACT, reason="no_prices"): f"1{STILL}"},
        -0.95,
        is_good=True,
        service=IMPACT,
    ),
    Case(
        "as many abstain as in the primary, whose news has few prices",
        "abstain-excess",
        {
            of_pod(NONE_MADE, IMPACT, reason="no_prices"): f"30{STILL}",
            of_pod(ESTIMATES, IMPACT, basis="after"): f"10{STILL}",
            of_primary(NONE_MADE, IMPACT, reason="no_prices"): f"0+3{STILL}",
            of_primary(ESTIMATES, IMPACT, basis="after"): f"0+1{STILL}",
        },
        0,
        is_good=True,
        service=IMPACT,
    ),
    Case(
        "all abstain, and half in the primary",
        "abstain-excess",
        {
            of_pod(NONE_MADE, IMPACT, reason="feature_failed"): f"30{STILL}",
            of_primary(NONE_MADE, IMPACT, reason="no_prices"): f"0+3{STILL}",
            of_primary(ESTIMATES, IMPACT, basis="after"): f"0+3{STILL}",
        },
        0.5,
        is_good=False,
        service=IMPACT,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.metric}: {case.name}")
def test_a_figure_is_what_the_release_did(case: Case, tmp_path: Path) -> None:
    agrees(filled_in("production", case.service, case.metric), case.series, case.value, tmp_path)

    assert passes(metrics("production", case.service)[case.metric], case.value) == case.is_good


def test_every_figure_but_of_cpu_and_memory_has_a_case_that_refuses_and_one_that_does_not() -> None:
    verdicts = {(case.metric, case.is_good) for case in CASES if case.value is not None}

    held = set(templates("production")) - {"cpu-usage", "memory-usage"}
    assert verdicts == set(itertools.product(held, (True, False)))
